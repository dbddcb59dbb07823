"""How fast a RingCentral user may call: a sliding log in PostgreSQL, shared by all processes.

Source: RingCentral, "Rate limits": 40 calls in any 60 s for each user and application. A slot is taken before a call
and stamped when its *answer* arrives, so its next use cannot reach RingCentral less than a window after its last one,
whatever the network does: no 429 by construction. Four of the forty are kept back for replies to keywords and
for subscription calls.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.shops.models import PaceSlot, ProviderUser
from app.shops.queries import pause_user
from app.sms.contract import RateReport

RESERVE = 4
LONGEST_CALL = timedelta(seconds=90)
"""A slot whose answer never came (its process died) counts as used for this long and a window more."""


async def lock_user(session: AsyncSession, provider_user_id: int) -> ProviderUser | None:
    """The user's row until commit; None when another process holds it, which then does this turn's work."""
    query = select(ProviderUser).where(ProviderUser.id == provider_user_id).with_for_update(skip_locked=True)
    return await session.scalar(query)


async def free_slots(session: AsyncSession, user: ProviderUser, now: datetime) -> int:
    """How many calls may go out now, not counting the reserve. Zero during a pause."""
    if user.paused_until is not None and user.paused_until > now:
        return 0
    window = timedelta(seconds=user.window_seconds)
    used = await session.scalar(
        select(func.count()).where(
            PaceSlot.provider_user_id == user.id,
            or_(
                PaceSlot.answered_at > now - window,
                PaceSlot.answered_at.is_(None) & (PaceSlot.taken_at > now - window - LONGEST_CALL),
            ),
        )
    )
    return max(0, user.call_limit - int(used or 0))


async def take_slots(session: AsyncSession, user: ProviderUser, count: int, now: datetime) -> list[int]:
    """Ids of *count* slots; the caller holds the user's lock and has asked `free_slots`."""
    if not count:
        return []
    rows = [{"provider_user_id": user.id, "taken_at": now}] * count
    return list(await session.scalars(insert(PaceSlot).values(rows).returning(PaceSlot.id)))


async def stamp_slot(session: AsyncSession, slot_id: int, now: datetime) -> None:
    """The answer is here: the window of this slot starts now."""
    await session.execute(update(PaceSlot).where(PaceSlot.id == slot_id).values(answered_at=now))


async def give_back(session: AsyncSession, slot_ids: list[int]) -> None:
    """No call was made after all."""
    if slot_ids:
        await session.execute(delete(PaceSlot).where(PaceSlot.id.in_(slot_ids)))


async def learn(session: AsyncSession, provider_user_id: int, rate: RateReport | None, now: datetime) -> None:
    """Believe the headers: a new limit is adopted, and "none remaining" stops calls for a window."""
    if rate is None or rate.limit <= 0:
        return
    allowed = max(1, rate.limit - min(RESERVE, rate.limit // 10 or 0))
    window = max(1, int(rate.window))
    await session.execute(
        update(ProviderUser)
        .where(
            ProviderUser.id == provider_user_id,
            (ProviderUser.call_limit != allowed) | (ProviderUser.window_seconds != window),
        )
        .values(call_limit=allowed, window_seconds=window)
    )
    if rate.remaining <= 0:
        await pause_user(session, provider_user_id, now + timedelta(seconds=window), "The minute's calls are used up.")


async def forget_old_slots(session: AsyncSession, now: datetime) -> None:
    longest = timedelta(minutes=10)
    await session.execute(
        delete(PaceSlot).where(or_(PaceSlot.answered_at < now - longest, PaceSlot.taken_at < now - 2 * longest))
    )
