"""Counts of texts by day: finished days are counted once and kept, so that a period over a long log costs nothing.

A day is one of the shop's own calendar. States still change for a while after a day has ended, so the last finished
days are counted anew each time; what has happened since the last kept day is counted from the log itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.models import Message, MessageDay
from app.shops.models import Shop
from app.shops.zone import midnight, zone_of

STILL_CHANGING = timedelta(days=3)
"""A status that RingCentral has not told by then stays as it is."""


@dataclass(frozen=True, slots=True)
class DayCount:
    day: date
    kind: str
    state: str
    locale: str
    messages: int
    segments: int


def today_in(deps: Deps, shop: Shop) -> date:
    return deps.clock().astimezone(zone_of(shop)).date()


async def count_by_day(deps: Deps, session: AsyncSession, shop: Shop, *, since: date) -> list[DayCount]:
    """Every count from *since* to now: kept ones, then those of the log."""
    zone = zone_of(shop)
    last = await session.scalar(select(func.max(MessageDay.day)).where(MessageDay.shop_id == shop.id))
    kept = select(
        MessageDay.day,
        MessageDay.kind,
        MessageDay.state,
        MessageDay.locale,
        MessageDay.messages,
        MessageDay.segments,
    ).where(MessageDay.shop_id == shop.id, MessageDay.day >= since)
    rows = [DayCount(*row) for row in await session.execute(kept)]
    first_open = since if last is None else max(since, last + timedelta(days=1))
    return rows + await _count_log(session, shop.id, zone, midnight(first_open, zone), None)


async def keep_finished_days(deps: Deps, session: AsyncSession, shop: Shop) -> int:
    """Count the days that have ended and are not kept yet, and once more those that may still have changed."""
    zone, today = zone_of(shop), today_in(deps, shop)
    last = await session.scalar(select(func.max(MessageDay.day)).where(MessageDay.shop_id == shop.id))
    first = None if last is None else min(last + timedelta(days=1), today - STILL_CHANGING)
    begin = None if first is None else midnight(first, zone)
    counts = await _count_log(session, shop.id, zone, begin, midnight(today, zone))
    kept = delete(MessageDay).where(MessageDay.shop_id == shop.id)
    await session.execute(kept if first is None else kept.where(MessageDay.day >= first))
    rows: Sequence[dict[str, Any]] = [
        {
            "shop_id": shop.id,
            "day": each.day,
            "kind": each.kind,
            "state": each.state,
            "locale": each.locale,
            "messages": each.messages,
            "segments": each.segments,
        }
        for each in counts
    ]
    if rows:
        await session.execute(insert(MessageDay), rows)
    return len(rows)


async def _count_log(
    session: AsyncSession, shop_id: int, zone: ZoneInfo, begin: datetime | None, end: datetime | None
) -> list[DayCount]:
    day = func.date(func.timezone(zone.key, Message.created_at)).label("day")
    locale = func.coalesce(Message.locale, "").label("locale")
    # A text that RingCentral never saw has cost nothing, whatever size it was composed to.
    paid = func.coalesce(func.sum(Message.segments).filter(Message.sent_at.is_not(None)), 0)
    query = select(day, Message.kind, Message.state, locale, func.count(), paid).where(Message.shop_id == shop_id)
    if begin is not None:
        query = query.where(Message.created_at >= begin)
    if end is not None:
        query = query.where(Message.created_at < end)
    rows = await session.execute(query.group_by(day, Message.kind, Message.state, locale))
    return [DayCount(on, kind, state, lang, int(count), int(paid)) for on, kind, state, lang, count, paid in rows]
