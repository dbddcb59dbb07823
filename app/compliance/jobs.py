"""Every night: forget what each shop no longer wants kept, installed or not."""

from datetime import timedelta

from sqlalchemy import select

from app.compliance.data_request import forget_old_files
from app.compliance.retention import forget_old
from app.core.jobs import enqueue, every, job
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import get_shop
from app.shops.settings import read_settings_of

FORGET_OLD = "compliance.forget_old"


@every(timedelta(days=1), "compliance.forget_old_of_all")
async def forget_old_of_all(deps: Deps) -> None:
    async with deps.db.transaction() as session:
        await forget_old_files(session, deps.clock())
        await enqueue(session, FORGET_OLD, list(await session.scalars(select(Shop.id))), once=True)


@job(FORGET_OLD)
async def forget_old_of_shop(deps: Deps, shop_id: str) -> None:
    """Batch by batch, each a transaction of its own."""
    changed = 1
    while changed:
        async with deps.db.transaction() as session:
            keep = read_settings_of(await get_shop(session, int(shop_id))).retention
            changed = await forget_old(session, int(shop_id), keep, deps.clock())
