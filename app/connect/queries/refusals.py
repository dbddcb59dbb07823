"""What people said no to, by the keyed hash of their e-mail address or phone."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import Refusal


async def keep_refusal(
    session: AsyncSession, shop_id: int, people: Collection[bytes], what: str, *, since: datetime
) -> None:
    """Said again it keeps the time of the first."""
    rows = [{"shop_id": shop_id, "person_hash": person, "what": what, "since": since} for person in people]
    if rows:
        await session.execute(insert(Refusal).values(rows).on_conflict_do_nothing())


async def forget_refusal(session: AsyncSession, shop_id: int, people: Collection[bytes], what: str) -> None:
    await session.execute(
        delete(Refusal).where(Refusal.shop_id == shop_id, Refusal.person_hash.in_(people), Refusal.what == what)
    )


async def refusals_of(session: AsyncSession, shop_id: int, people: Collection[bytes]) -> dict[str, datetime]:
    """What was said no to by any of *people*, and since when."""
    query = (
        select(Refusal.what, func.min(Refusal.since).label("since"))
        .where(Refusal.shop_id == shop_id, Refusal.person_hash.in_(people))
        .group_by(Refusal.what)
    )
    return {row.what: row.since for row in await session.execute(query)}
