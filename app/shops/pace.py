"""How fast a RingCentral user may call: a sliding log in PostgreSQL, shared by all processes.

Source: RingCentral, "Rate limits": for each user and application 40 medium, 50 light and 5 login calls in any 60 s. A
slot is taken before a call and stamped when its *answer* arrives, so its next use cannot reach RingCentral less than a
window after its last one, whatever the network does: no 429 by construction. Texts leave four medium calls to replies
and subscription calls. The slots of texts are taken with the texts (`messages/claim.py`), all others here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.sql import MOMENT, NUMBER, SPAN, WORDS, typed
from app.shops.models import PaceSlot, ProviderUser
from app.shops.queries import pause_user
from app.sms.contract import CallGroup, RateReport, Throttled, Transport

RESERVE = 4
SPARE_LIGHT = 5
"""Light calls of a minute that are never made."""
LOGINS = 4
"""Of five a minute; in normal running there is one an hour."""
LONGEST_CALL = timedelta(seconds=90)
"""A slot whose answer never came (its process died) counts as used for this long and a window more."""


@dataclass(frozen=True)
class Cost:
    """How many calls of each group one use of the provider makes. Reading is light; texts and subscriptions are not."""

    light: int = 1
    medium: int = 0
    auth: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What is known of a user's pace."""

    window_seconds: int
    call_limit: int
    call_reserve: int
    light_limit: int


LOGIN = Cost(light=0, auth=1)
UNSUBSCRIBING = Cost(light=0, medium=1)
TEXT_GROUPS: dict[str, CallGroup] = {Transport.SMS: CallGroup.MEDIUM, Transport.A2P: CallGroup.LIGHT}
"""Which of RingCentral's groups the texts of a transport count to."""
KEPT_FOR_READING = 9
"""Light calls of a minute that High Volume texts leave alone: statuses and replies have to be read meanwhile."""
MOST_A2P = 60
"""RingCentral's content policy: High Volume texts a minute from one number, however many calls it grants."""


STAMP: Final = "UPDATE pace_slots SET answered_at = $1 WHERE id = ANY($2::bigint[])"
"""The same as `stamp_slots`, where nothing else belongs to the transaction."""

# Counted and taken in one statement; the caller's lock on the user keeps others from doing the same meanwhile.
TAKE: Final = typed(
    """
INSERT INTO pace_slots (provider_user_id, call_group, taken_at)
SELECT :user, :group, :now FROM generate_series(1, :count)
WHERE :most >= :count + (
    SELECT count(*) FROM pace_slots p
    WHERE p.provider_user_id = :user AND p.call_group = :group
      AND (p.answered_at > :since OR p.answered_at IS NULL AND p.taken_at > :since - :longest)
)
RETURNING id
""",
    user=NUMBER,
    group=WORDS,
    count=NUMBER,
    now=MOMENT,
    since=MOMENT,
    longest=SPAN,
    most=NUMBER,
)


def text_cost(transport: str) -> Cost:
    """Of one text."""
    return Cost(light=1) if TEXT_GROUPS[transport] is CallGroup.LIGHT else Cost(light=0, medium=1)


def texts_a_minute(user: ProviderUser, transport: str) -> int:
    """How many texts of this transport may leave; the claim (`messages/claim.py`) counts by the same rule."""
    if TEXT_GROUPS[transport] is CallGroup.LIGHT:
        return min(user.light_limit - KEPT_FOR_READING, MOST_A2P)
    return user.call_limit


async def take_calls(session: AsyncSession, user: ProviderUser, cost: Cost, now: datetime) -> list[int]:
    """Ids of the slots taken. The caller holds the user's row lock. Raises `Throttled` when a group is used up."""
    taken: list[int] = []
    for group, count in ((CallGroup.AUTH, cost.auth), (CallGroup.MEDIUM, cost.medium), (CallGroup.LIGHT, cost.light)):
        if count:
            taken += await _take(session, user, group, count, now)
    return taken


async def note_login(session: AsyncSession, user: ProviderUser, now: datetime) -> None:
    """One that was made before it was known whose it would be."""
    session.add(PaceSlot(provider_user_id=user.id, call_group=CallGroup.AUTH, taken_at=now, answered_at=now))


async def _take(session: AsyncSession, user: ProviderUser, group: CallGroup, count: int, now: datetime) -> list[int]:
    since = now - timedelta(seconds=user.window_seconds)
    asked = {"user": user.id, "group": group, "count": count, "now": now, "since": since, "longest": LONGEST_CALL}
    slots = list(await session.scalars(TAKE, {**asked, "most": _most(user, group)}))
    if not slots:
        await _refuse(session, user, group, now)
    return slots


async def stamp_slots(session: AsyncSession, slot_ids: Sequence[int], now: datetime) -> None:
    """The answer is here: the window of these slots starts now."""
    if slot_ids:
        await session.execute(update(PaceSlot).where(PaceSlot.id.in_(slot_ids)).values(answered_at=now))


async def give_back(session: AsyncSession, provider_user_id: int, slot_ids: Sequence[int]) -> None:
    """No call was made after all."""
    if slot_ids:
        await session.execute(delete(PaceSlot).where(PaceSlot.id.in_(slot_ids)))
        await session.execute(
            update(ProviderUser)
            .where(ProviderUser.id == provider_user_id, ProviderUser.next_free_at.is_not(None))
            .values(next_free_at=None)
        )


def limits_of(user: ProviderUser) -> Limits:
    return Limits(user.window_seconds, user.call_limit, user.call_reserve, user.light_limit)


def tells_news(known: Limits | None, rate: RateReport | None, group: CallGroup) -> bool:
    """Whether there is something to `learn` for who knows these limits."""
    if rate is None or rate.limit <= 0:
        return False
    if known is None or rate.remaining <= 0:
        return True
    return any(getattr(known, name) != value for name, value in _learned_from(rate, group).items())


async def learn(
    session: AsyncSession,
    provider_user_id: int,
    rate: RateReport | None,
    *,
    called_at: datetime,
    now: datetime,
    group: CallGroup = CallGroup.MEDIUM,
) -> None:
    """Believe the headers of an answered text: adopt a new limit, and stop where none are left that we know of."""
    if rate is None or rate.limit <= 0:
        return
    learned = _learned_from(rate, group)
    window = learned["window_seconds"]
    await session.execute(
        update(ProviderUser)
        .where(
            ProviderUser.id == provider_user_id,
            or_(*(getattr(ProviderUser, name) != value for name, value in learned.items())),
        )
        .values(learned)
    )
    if rate.remaining <= 0:
        # Calls of ours are in our log and end by themselves; a window that others have filled does not.
        ours = await _used(session, provider_user_id, group, called_at - timedelta(seconds=window))
        if ours < rate.limit:
            reason = "The minute's calls are used up."
            await pause_user(session, provider_user_id, now + timedelta(seconds=window), reason)


def _learned_from(rate: RateReport, group: CallGroup) -> dict[str, int]:
    """A tenth stays free, at most as much as the published limits leave."""
    window = {"window_seconds": max(1, int(rate.window))}
    reserve = min(RESERVE, rate.limit // 10)
    if group is CallGroup.LIGHT:
        return window | {"light_limit": rate.limit - min(SPARE_LIGHT, rate.limit // 10)}
    return window | {"call_limit": rate.limit - reserve, "call_reserve": reserve}


async def forget_old_slots(session: AsyncSession, now: datetime) -> None:
    longest = timedelta(minutes=10)
    await session.execute(
        delete(PaceSlot).where(or_(PaceSlot.answered_at < now - longest, PaceSlot.taken_at < now - 2 * longest))
    )


def _most(user: ProviderUser, group: CallGroup) -> int:
    """Replies and subscription calls may use the reserve too."""
    limits = {
        CallGroup.AUTH: LOGINS,
        CallGroup.MEDIUM: user.call_limit + user.call_reserve,
        CallGroup.LIGHT: user.light_limit,
    }
    return limits[group]


async def _refuse(session: AsyncSession, user: ProviderUser, group: CallGroup, now: datetime) -> None:
    """Raises `Throttled` for as long as it takes until a call is free."""
    window = timedelta(seconds=user.window_seconds)
    first = await session.scalar(
        select(func.min(PaceSlot.answered_at)).where(
            PaceSlot.provider_user_id == user.id, PaceSlot.call_group == group, PaceSlot.answered_at > now - window
        )
    )
    wait = ((first or now) + window - now).total_seconds()
    raise Throttled(
        "This minute's calls to RingCentral are used up; it goes on by itself.", code="pace", retry_after=max(wait, 1.0)
    )


async def _used(session: AsyncSession, provider_user_id: int, group: CallGroup, since: datetime) -> int:
    count = select(func.count()).where(
        PaceSlot.provider_user_id == provider_user_id, PaceSlot.call_group == group, _counts(since)
    )
    return int(await session.scalar(count) or 0)


def _counts(since: datetime) -> ColumnElement[bool]:
    return or_(
        PaceSlot.answered_at > since,
        PaceSlot.answered_at.is_(None) & (PaceSlot.taken_at > since - LONGEST_CALL),
    )
