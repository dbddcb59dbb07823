"""How many texts wait, and when they will have left: what Home shows of the queue."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.queries import queue_depths
from app.shops.models import Sender, SenderState, Shop
from app.shops.pace import texts_a_minute
from app.shops.queries import get_provider_user, senders_of_shop


async def describe_queue(deps: Deps, session: AsyncSession, shop: Shop) -> dict[str, Any]:
    """How much waits and when it will have left, for each number and in all; None while staff have paused a number, or
    its login is broken."""
    depths = await queue_depths(session, shop.id)
    numbers = [each for each in await senders_of_shop(session, shop.id) if each.provider_user_id is not None]
    ends = await _ends_by_road(deps, session, numbers, depths)
    senders, last, stuck = [], None, False
    for number in numbers:
        depth = depths.get(number.id, 0)
        end = ends.get(_road(number)) if depth and number.state == SenderState.READY else None
        stuck = stuck or bool(depth and end is None)
        if end is not None:
            end = max(end, number.paused_until or end)
            last = max(end, last or end)
        senders.append({"phone_number": number.phone_number, "depth": depth, "expected_done_at": _iso(end)})
    return {"depth": sum(depths.values()), "expected_done_at": None if stuck else _iso(last), "senders": senders}


def _road(number: Sender) -> tuple[int, str]:
    return number.provider_user_id or 0, number.transport


async def _ends_by_road(
    deps: Deps, session: AsyncSession, numbers: Sequence[Sender], depths: dict[int | None, int]
) -> dict[tuple[int, str], datetime]:
    """Numbers of one RingCentral user and transport share its pace, so they end together; a pause counts."""
    waiting: dict[tuple[int, str], int] = defaultdict(int)
    for number in numbers:
        waiting[_road(number)] += depths.get(number.id, 0)
    ends: dict[tuple[int, str], datetime] = {}
    for (user_id, transport), depth in waiting.items():
        if depth:
            user, now = await get_provider_user(session, user_id), deps.clock()
            windows = (depth - 1) // max(texts_a_minute(user, transport), 1)
            start = max(now, user.paused_until or now)
            ends[user_id, transport] = start + timedelta(seconds=windows * user.window_seconds)
    return ends


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
