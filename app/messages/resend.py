"""What staff may do with one message: send it again where that can help, or cancel it while it waits.

A resend goes through the gate like the first attempt; it changes neither consent nor opt-outs.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import is_suppressed
from app.core.db import after_commit
from app.core.errors import Conflict
from app.deps import Deps
from app.messages import reasons
from app.messages.kinds import kinds
from app.messages.models import Message, MessageState
from app.messages.queries import get_message, move
from app.shops.models import Shop
from app.shops.queries import find_sender, get_sender, write_audit

POINTLESS = frozenset(
    {
        reasons.UNSUBSCRIBED.code,
        reasons.NEVER_SUBSCRIBED.code,
        reasons.ORDER_CANCELLED.code,
        reasons.NO_CUSTOMER.code,
        reasons.SHOP_GONE.code,
        "redacted",
    }
)
"""A second attempt would meet the same answer, or must not be made."""

STILL_USEFUL = timedelta(hours=24)


async def can_resend(session: AsyncSession, message: Message) -> bool:
    """Failed, skipped, expired or cancelled texts about an order, unless a second attempt is pointless. An opt-out was
    the reason only until the customer opted in again."""
    kind = kinds.find(message.kind)
    ended = message.state in (MessageState.FAILED, MessageState.SKIPPED, MessageState.EXPIRED, MessageState.CANCELLED)
    if not ended or kind is None or not kind.about_order or message.reason_code in POINTLESS:
        return False
    if message.reason_code != reasons.OPTED_OUT.code:
        return True
    return message.phone_hash is not None and not await is_suppressed(session, message.shop_id, message.phone_hash)


def can_cancel(message: Message) -> bool:
    return message.state == MessageState.QUEUED


async def resend_message(deps: Deps, session: AsyncSession, shop: Shop, message_id: int, *, actor: str) -> None:
    """Raises `NotFound`, or `Conflict` with the reason why not."""
    message = await get_message(session, shop.id, message_id)
    if not await can_resend(session, message):
        raise Conflict("This text cannot be sent again: " + (message.reason or f"it is {message.state}."))
    first = await get_sender(session, shop.id, message.sender_id) if message.sender_id is not None else None
    sender = await find_sender(session, shop.id, account_id=first.account_id if first is not None else None)
    if sender is None or sender.phone_number is None:
        raise Conflict("Connect RingCentral and choose a number first.")
    now = deps.clock()
    moved = await move(
        session,
        message.id,
        MessageState.QUEUED,
        origin=[MessageState(message.state)],
        now=now,
        cause=f"sent again by {actor}",
        due_at=now,
        event_at=now,
        expires_at=now + STILL_USEFUL,
        attempts=0,
        resends=0,
        reason_code=None,
        reason=None,
        checks=[],
        called_at=None,
        lease_until=None,
        provider_message_id=None,
        provider_code=None,
        sender_id=sender.id,
        sent_at=None,
        delivered_at=None,
    )
    if not moved:
        raise Conflict("The state of this text has just changed. Look at it again.")
    await write_audit(
        session, shop.domain, at=now, actor=actor, action="message_resent", detail={"message_id": message.id}
    )
    after_commit(session, deps.outbox_changed.set)


async def cancel_message(deps: Deps, session: AsyncSession, shop: Shop, message_id: int, *, actor: str) -> None:
    """Raises `NotFound`, or `Conflict` when the text no longer waits."""
    message = await get_message(session, shop.id, message_id)
    cancelled = await move(
        session,
        message.id,
        MessageState.CANCELLED,
        origin=[MessageState.QUEUED],
        now=deps.clock(),
        cause=f"cancelled by {actor}",
        reason_code=reasons.CANCELLED_BY_STAFF.code,
        reason=reasons.CANCELLED_BY_STAFF.sentence,
    )
    if not cancelled:
        raise Conflict("Only a waiting text can be canceled.")
    await write_audit(
        session,
        shop.domain,
        at=deps.clock(),
        actor=actor,
        action="message_cancelled",
        detail={"message_id": message.id},
    )
