"""A RingCentral user's pauses: what an answer asked for is kept by everybody, from the next call on.

Source: RingCentral, "Rate limits". A call inside a 429's penalty starts the penalty anew, from any process, so nobody
calls before `paused_until`.
"""

import random
from datetime import datetime, timedelta

from app.core.log import get_logger
from app.deps import Deps
from app.shops.models import ProviderUser
from app.shops.queries import pause_user
from app.sms.contract import OutcomeUnknown, ProviderUnavailable, SmsError, Throttled

log = get_logger(__name__)

OWN_PAUSES = frozenset({"paused", "pace", "listings"})
"""Codes of refusals that we give ourselves, before any call."""


async def note_pause(deps: Deps, provider_user_id: int, error: SmsError) -> None:
    """Pause the user for everybody where the answer asked for it: as long as asked, a second more, and some jitter."""
    asked = error.retry_after if isinstance(error, Throttled | ProviderUnavailable | OutcomeUnknown) else None
    if asked is None or error.code in OWN_PAUSES or error.code.startswith("login_"):
        return
    pause = timedelta(seconds=asked + 1 + random.uniform(0, 1))  # noqa: S311  # jitter, not a secret
    until = deps.clock() + pause
    deps.turns.pause(provider_user_id, until)
    async with deps.db.transaction() as session:
        await pause_user(session, provider_user_id, until, "RingCentral asked for a pause.")
    log.warning("provider.paused", provider_user_id=provider_user_id, code=error.code, seconds=asked)


def after(throttled: Throttled) -> timedelta:
    """When to come back: a second later than was asked."""
    return timedelta(seconds=throttled.retry_after + 1)


def refuse_while_paused(deps: Deps, user: ProviderUser) -> None:
    """What any process was told, and what this one was told a moment ago."""
    _refuse_until(deps, user.paused_until)
    refuse_while_told_to_pause(deps, user.id)


def refuse_while_told_to_pause(deps: Deps, provider_user_id: int) -> None:
    """The last look before a call, without the database: another call's answer may have come meanwhile."""
    _refuse_until(deps, deps.turns.paused_until(provider_user_id))


def is_told_to_pause(deps: Deps, provider_user_id: int) -> bool:
    until = deps.turns.paused_until(provider_user_id)
    return until is not None and until > deps.clock()


def _refuse_until(deps: Deps, paused_until: datetime | None) -> None:
    if paused_until is not None and paused_until > deps.clock():
        left = (paused_until - deps.clock()).total_seconds()
        raise Throttled("RingCentral asked for a pause.", code="paused", retry_after=left)
