"""Forgets what is older than a shop wants to keep: texts, phone numbers, webhook calls.

Only what is over is touched: a text that may still be sent keeps what it needs. Rows stay, without their personal
columns, so that figures and the once-per-order rule hold. Opt-outs and the words they were made with are
proof that the merchant may need for years (47 CFR 64.1200) and go only with a redaction.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.compliance.queries import NOBODY
from app.messages.models import InboundMessage, Message, MessageState
from app.shops.settings import Retention

BATCH = 5000
OPEN = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)


async def forget_old(session: AsyncSession, shop_id: int, keep: Retention, now: datetime) -> int:
    """One batch; answers how many rows it changed, 0 when nothing is left to forget."""
    changed = await _forget_texts(session, shop_id, now - timedelta(days=keep.texts_days))
    changed += await _forget_phones(session, shop_id, now - timedelta(days=keep.phones_days))
    changed += await _forget_deliveries(session, shop_id, now - timedelta(days=keep.deliveries_days))
    return changed


async def _forget_texts(session: AsyncSession, shop_id: int, before: datetime) -> int:
    old = (
        select(Message.id)
        .where(
            Message.shop_id == shop_id,
            Message.created_at < before,
            Message.state.not_in(OPEN),
            or_(Message.text_encrypted.is_not(None), Message.sent_text_encrypted.is_not(None)),
        )
        .limit(BATCH)
    )
    received = (
        select(InboundMessage.id)
        .where(
            InboundMessage.shop_id == shop_id,
            InboundMessage.received_at < before,
            InboundMessage.text_encrypted.is_not(None),
        )
        .limit(BATCH)
    )
    blank: dict[str, Any] = {"text_encrypted": None, "sent_text_encrypted": None}
    sent = await session.execute(update(Message).where(Message.id.in_(old.scalar_subquery())).values(**blank))
    inbound = await session.execute(
        update(InboundMessage).where(InboundMessage.id.in_(received.scalar_subquery())).values(text_encrypted=None)
    )
    return _count(sent) + _count(inbound)


async def _forget_phones(session: AsyncSession, shop_id: int, before: datetime) -> int:
    old = (
        select(Message.id)
        .where(
            Message.shop_id == shop_id,
            Message.created_at < before,
            Message.state.not_in(OPEN),
            or_(Message.phone_hash.is_not(None), Message.customer_id.is_not(None)),
        )
        .limit(BATCH)
    )
    received = (
        select(InboundMessage.id)
        .where(
            InboundMessage.shop_id == shop_id,
            InboundMessage.received_at < before,
            InboundMessage.phone_encrypted.is_not(None),
        )
        .limit(BATCH)
    )
    blank: dict[str, Any] = {"phone_encrypted": None, "phone_hash": None, "customer_id": None}
    sent = await session.execute(update(Message).where(Message.id.in_(old.scalar_subquery())).values(**blank))
    inbound = await session.execute(
        update(InboundMessage)
        .where(InboundMessage.id.in_(received.scalar_subquery()))
        .values(phone_encrypted=None, phone_hash=NOBODY)
    )
    return _count(sent) + _count(inbound)


async def _forget_deliveries(session: AsyncSession, shop_id: int, before: datetime) -> int:
    # The calls belong to a rank above this one, hence the table by its name.
    deleting = text(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE shop_id = :shop_id AND state >= 2 "
        "AND received_at < :before LIMIT :most)"
    )
    return _count(await session.execute(deleting, {"shop_id": shop_id, "before": before, "most": BATCH}))


def _count(result: Any) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
