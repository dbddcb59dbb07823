"""How many order texts a phone may get within 24 hours: the shop's limit, and its state's where rules are on.

The gate looks, so that a text that does not fit waits; the fence looks again under the phone's lock, because of several
texts in the gate at once each sees room for one.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.quiet_rules import daily_cap_of, rules_for
from app.messages.models import Message, MessageState
from app.shops.models import Shop
from app.shops.settings import read_settings_of

WINDOW: Final = timedelta(hours=24)
NEVER_LEFT: Final = (MessageState.SKIPPED, MessageState.EXPIRED, MessageState.CANCELLED, MessageState.QUEUED)


def cap_for(shop: Shop, phone: str, *, country: str | None, province: str | None) -> int | None:
    """The lower one of the shop's own limit and, where state rules are on, the state's; None where there is none."""
    settings = read_settings_of(shop)
    rules = rules_for(country, province, phone) if settings.state_rules else ()
    return min((cap for cap in (settings.daily_cap, daily_cap_of(rules)) if cap is not None), default=None)


async def full_until(
    session: AsyncSession, shop_id: int, phone_hash: bytes, cap: int, now: datetime, *, besides: int | None = None
) -> datetime | None:
    """None while one more text fits; else when the oldest of the last *cap* texts is a day old. *besides*: the message
    that asks, which may have been called for before."""
    query = (
        select(Message.called_at)
        .where(
            Message.shop_id == shop_id,
            Message.phone_hash == phone_hash,
            Message.id != (besides or 0),
            Message.order_id.is_not(None),
            Message.called_at > now - WINDOW,
            Message.state.not_in(NEVER_LEFT),
        )
        .order_by(Message.called_at.desc())
        .limit(cap)
    )
    sent = [each for each in await session.scalars(query) if each is not None]
    return sent[-1] + WINDOW if len(sent) == cap else None
