"""The shop's own numbers as its connection page shows them: state, registration, pace, and how much left in a day."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.models import Message
from app.shops.connection_view import public_number
from app.shops.models import Sender, Shop
from app.shops.pace import texts_a_minute
from app.shops.queries import get_provider_user, own_senders

DAY: Final = timedelta(hours=24)


async def describe_numbers(deps: Deps, session: AsyncSession, shop: Shop) -> list[dict[str, Any]]:
    """The number set up last stands first. *used*: texts handed to RingCentral within 24 hours."""
    senders = await own_senders(session, shop.id)
    used = await _used(session, shop.id, deps.clock() - DAY)
    return [await _describe(deps, session, sender, used.get(sender.id, 0)) for sender in senders]


async def _describe(deps: Deps, session: AsyncSession, sender: Sender, used: int) -> dict[str, Any]:
    user = await get_provider_user(session, sender.provider_user_id) if sender.provider_user_id is not None else None
    number: dict[str, Any] = next((each for each in sender.numbers if each["phone_number"] == sender.phone_number), {})
    registration = number.get("registration")
    rests = [
        (until, reason)
        for until, reason in (
            (sender.paused_until, sender.pause_reason),
            (user.paused_until, user.pause_reason) if user is not None else (None, None),
        )
        if until is not None and until > deps.clock()
    ]
    until, reason = max(rests, default=(None, None), key=lambda rest: rest[0])
    return {
        "id": sender.id,
        "phone_number": sender.phone_number,
        "label": number.get("label"),
        "state": sender.state,
        "problem": sender.problem,
        "transport": sender.transport,
        "checked_at": sender.checked_at.isoformat() if sender.checked_at else None,
        "registration": registration,
        "per_minute": texts_a_minute(user, sender.transport) if user is not None else None,
        "rests_until": until.isoformat() if until is not None else None,
        "rests_because": reason,
        "used": used,
        "numbers": [public_number(each) for each in sender.numbers],
        "findings": sender.findings,
        "daily_limit": (registration or {}).get("daily_limit"),
    }


async def _used(session: AsyncSession, shop_id: int, since: datetime) -> dict[int, int]:
    query = (
        select(Message.sender_id, func.count())
        .where(Message.shop_id == shop_id, Message.created_at > since, Message.called_at.is_not(None))
        .group_by(Message.sender_id)
    )
    return {sender_id: int(count) for sender_id, count in await session.execute(query) if sender_id is not None}
