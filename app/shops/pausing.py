"""The merchant's own switch of a number: what waits while it is paused leaves when it is resumed, unless it expires.

Only sending rests. Replies are heard all the same, so a STOP is in force at once; a test or an answer waits too.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.deps import Deps
from app.shops.models import SenderState, Shop
from app.shops.queries import find_sender, write_audit


async def pause_sender(
    deps: Deps, session: AsyncSession, shop: Shop, *, actor: str, sender_id: int | None = None
) -> None:
    """Raises `Conflict` when nothing is connected. Pausing twice changes nothing."""
    sender = await find_sender(session, shop.id, sender_id=sender_id, lock=True)
    if sender is None or sender.phone_number is None:
        raise Conflict("Connect RingCentral and choose a number first.")
    if sender.state == SenderState.PAUSED:
        return
    if sender.state != SenderState.READY:
        raise Conflict(sender.problem or "The number is not sending at the moment.")
    sender.state = SenderState.PAUSED
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="sending_paused")


async def resume_sender(
    deps: Deps, session: AsyncSession, shop: Shop, *, actor: str, sender_id: int | None = None
) -> None:
    """Also ends the rest that a reached limit had brought about: the merchant may know that it was raised.

    A number whose JWT was refused while it was paused is broken from now on, and says why.
    """
    sender = await find_sender(session, shop.id, sender_id=sender_id, lock=True)
    if sender is None or sender.state not in (SenderState.PAUSED, SenderState.READY):
        raise Conflict((sender.problem if sender is not None else None) or "Connect RingCentral first.")
    resting = sender.paused_until is not None and sender.paused_until > deps.clock()
    if sender.state == SenderState.READY and not resting:
        return
    sender.state = SenderState.READY if sender.problem_code is None else SenderState.BROKEN
    sender.paused_until = sender.pause_reason = None
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="sending_resumed")
