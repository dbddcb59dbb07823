"""Numbers that cannot get texts any more: invalid, disconnected, a landline. They are not tried with every new order.

What the carrier said of the last text decides, for as long as the code stands (for good, or some days for a phone that
was merely not reached). Sending that text again, or a fresh consent recorded by staff, opens the number.
"""

from datetime import timedelta

from app.consent.opt_out import OPT_IN
from app.deps import Deps
from app.messages.known import Known
from app.messages.models import MessageState
from app.messages.reasons import NUMBER_UNUSABLE, Reason
from app.sms.contract import FailureKind


def why_unusable(deps: Deps, known: Known, provider: str) -> tuple[Reason, str] | None:
    """The reason and a sentence with the provider's own code; None while the number may be tried."""
    last, decision = known.last, known.decision
    if last is None or last.state != MessageState.FAILED or last.code is None:
        return None
    failure = deps.provider(provider).delivery_failure(last.code)
    if failure.kind is not FailureKind.NUMBER_UNUSABLE:
        return None
    if failure.unusable_days is not None and last.at + timedelta(days=failure.unusable_days) <= deps.clock():
        return None
    if decision is not None and decision.change == OPT_IN and decision.recorded_at > last.at:
        return None
    return NUMBER_UNUSABLE, f"{NUMBER_UNUSABLE.sentence} ({failure.code}: {failure.sentence})"
