"""Numbers that cannot get texts any more: invalid, disconnected, a landline. They are not tried with every new order.

What the carrier said of the last text decides, for as long as the code stands (for good, or some days for a phone that
was merely not reached). Sending that text again, or a fresh consent recorded by staff, opens the number.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import latest_decision
from app.deps import Deps
from app.messages.models import Message, MessageState
from app.messages.reasons import NUMBER_UNUSABLE, Reason
from app.sms.contract import FailureKind

ANSWERED = (MessageState.FAILED, MessageState.DELIVERED)


async def why_unusable(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, provider: str
) -> tuple[Reason, str] | None:
    """The reason and a sentence with the provider's own code; None while the number may be tried."""
    phone_hash = deps.vault.fingerprint(phone)
    query = select(Message.state, Message.provider_code, Message.updated_at).where(
        Message.shop_id == shop_id, Message.phone_hash == phone_hash, Message.state.in_(ANSWERED)
    )
    last = (await session.execute(query.order_by(Message.id.desc()).limit(1))).one_or_none()
    if last is None or last.state != MessageState.FAILED or last.provider_code is None:
        return None
    failure = deps.provider(provider).delivery_failure(last.provider_code)
    if failure.kind is not FailureKind.NUMBER_UNUSABLE:
        return None
    if failure.unusable_days is not None and last.updated_at + timedelta(days=failure.unusable_days) <= deps.clock():
        return None
    decision = await latest_decision(session, shop_id, phone_hash)
    if decision is not None and decision.change == "opt_in" and decision.recorded_at > last.updated_at:
        return None
    return NUMBER_UNUSABLE, f"{NUMBER_UNUSABLE.sentence} ({failure.code}: {failure.sentence})"
