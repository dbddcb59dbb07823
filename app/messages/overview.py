"""What Home shows: today's numbers, the queue and when it will be empty, the last failures, the last replies."""

from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.log import describe
from app.messages.models import MessageState
from app.messages.queries import count_by_state, log_rows, queue_depth, recent_inbound
from app.shops.models import Shop
from app.shops.pace import texts_a_minute
from app.shops.queries import find_sender, get_provider_user
from app.shops.settings import read_settings_of


async def overview(deps: Deps, session: AsyncSession, shop: Shop) -> dict[str, Any]:
    now = deps.clock()
    zone = ZoneInfo(read_settings_of(shop).time_zone or shop.timezone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    counts = await count_by_state(session, shop.id, since=midnight)
    depth = await queue_depth(session, shop.id)
    return {
        "today": {
            "delivered": counts.get(MessageState.DELIVERED, 0),
            "sent": counts.get(MessageState.ACCEPTED, 0)
            + counts.get(MessageState.SENT, 0)
            + counts.get(MessageState.UNKNOWN, 0),
            "failed": counts.get(MessageState.FAILED, 0) + counts.get(MessageState.EXPIRED, 0),
            "skipped": counts.get(MessageState.SKIPPED, 0) + counts.get(MessageState.CANCELLED, 0),
            "queued": counts.get(MessageState.QUEUED, 0) + counts.get(MessageState.SENDING, 0),
        },
        "queue": {"depth": depth, "expected_done_at": await _expected_end(deps, session, shop, depth)},
        "failures": [
            describe(deps, row)
            for row in await log_rows(session, shop.id, states=[MessageState.FAILED, MessageState.EXPIRED], limit=5)
        ],
        "replies": [
            {
                "from": deps.vault.decrypt(text.phone_encrypted) if text.phone_encrypted else None,
                "text": deps.vault.decrypt(text.text_encrypted) if text.text_encrypted else None,
                "received_at": text.received_at.isoformat(),
                "meaning": text.meaning,
            }
            for text in await recent_inbound(session, shop.id, limit=5)
        ],
    }


async def _expected_end(deps: Deps, session: AsyncSession, shop: Shop, depth: int) -> str | None:
    """When the queue will be empty at the user's pace, counting from the end of a pause."""
    sender = await find_sender(session, shop.id)
    if not depth or sender is None or sender.provider_user_id is None:
        return None
    user = await get_provider_user(session, sender.provider_user_id)
    start = max(deps.clock(), user.paused_until or deps.clock())
    full_windows = (depth - 1) // max(texts_a_minute(user, sender.transport), 1)
    return (start + timedelta(seconds=full_windows * user.window_seconds)).isoformat()
