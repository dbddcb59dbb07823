"""Backfills from Shopify."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import HistoryImport
from app.core.errors import NotFound


async def get_import(session: AsyncSession, shop_id: int, import_id: int, *, lock: bool = False) -> HistoryImport:
    query = select(HistoryImport).where(HistoryImport.shop_id == shop_id, HistoryImport.id == import_id)
    query = query.execution_options(populate_existing=True)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such import.")
    return found


async def imports_of(session: AsyncSession, shop_id: int, *, limit: int = 20) -> list[HistoryImport]:
    query = select(HistoryImport).where(HistoryImport.shop_id == shop_id)
    return list(await session.scalars(query.order_by(HistoryImport.id.desc()).limit(limit)))


async def running_imports(session: AsyncSession, *, idle_since: datetime) -> list[int]:
    """Imports that should go on, but have not since then."""
    query = select(HistoryImport.id).where(HistoryImport.state == "running", HistoryImport.updated_at < idle_since)
    return list(await session.scalars(query.limit(100)))


async def unfinished_import(session: AsyncSession, shop_id: int) -> HistoryImport | None:
    query = select(HistoryImport).where(
        HistoryImport.shop_id == shop_id, HistoryImport.state.in_(("running", "paused"))
    )
    return await session.scalar(query.limit(1))


async def find_import(session: AsyncSession, import_id: int, *, lock: bool = False) -> HistoryImport | None:
    """For the job, which knows nothing but the id."""
    query = select(HistoryImport).where(HistoryImport.id == import_id).execution_options(populate_existing=True)
    return await session.scalar(query.with_for_update() if lock else query)
