"""Opt-outs by day of the shop's own calendar, counted as they are recorded.

A long ledger is never read for a chart. An opt-out belongs to the day on which the person asked, also if it is recorded
later; who says STOP twice has opted out once. Days stay as they were counted when the shop moves to another time zone.
"""

from collections import Counter
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import OptOutDay
from app.shops.queries import get_shop
from app.shops.zone import zone_of


async def count_opt_out(session: AsyncSession, shop_id: int, at: datetime) -> None:
    """To be called while the shop's chain is locked, so that no two countings wait for each other crosswise."""
    day = at.astimezone(zone_of(await get_shop(session, shop_id))).date()
    first = insert(OptOutDay).values(shop_id=shop_id, day=day, opt_outs=1)
    another = {OptOutDay.opt_outs: OptOutDay.opt_outs + 1}
    await session.execute(first.on_conflict_do_update(index_elements=[OptOutDay.shop_id, OptOutDay.day], set_=another))


async def opt_outs_by_day(session: AsyncSession, shop_id: int, *, since: date) -> Counter[date]:
    query = select(OptOutDay.day, OptOutDay.opt_outs).where(OptOutDay.shop_id == shop_id, OptOutDay.day >= since)
    return Counter({row.day: row.opt_outs for row in await session.execute(query)})
