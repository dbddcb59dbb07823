"""How many order texts a phone may get within 24 hours: the shop's limit, and its state's where rules are on."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.models import Message, MessageState

WINDOW: Final = timedelta(hours=24)
NEVER_LEFT: Final = (MessageState.SKIPPED, MessageState.EXPIRED, MessageState.CANCELLED, MessageState.QUEUED)


async def full_until(
    session: AsyncSession, shop_id: int, phone_hash: bytes, cap: int, now: datetime
) -> datetime | None:
    """None while one more text fits; else when the oldest of the last *cap* texts is a day old."""
    query = (
        select(Message.called_at)
        .where(
            Message.shop_id == shop_id,
            Message.phone_hash == phone_hash,
            Message.order_id.is_not(None),
            Message.called_at > now - WINDOW,
            Message.state.not_in(NEVER_LEFT),
        )
        .order_by(Message.called_at.desc())
        .limit(cap)
    )
    sent = [each for each in await session.scalars(query) if each is not None]
    return sent[-1] + WINDOW if len(sent) == cap else None
