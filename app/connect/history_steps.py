"""One step of a run after the other: each is one job, and what it read is stored with its place in one transaction.

So a run that was killed goes on with its step, and nothing is stored twice: *fence* counts the steps, and a worker that
comes back from the dead adds nothing.
"""

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.history import BULK, DONE, FAILED, IMPORT, PAUSED, RUNNING
from app.connect.history_bulk import cancel_operation, read_in_bulk
from app.connect.history_orders import Portion, store_portion
from app.connect.history_pages import read_page
from app.connect.models import HistoryImport
from app.connect.queries.history import find_import
from app.core.jobs import enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.shopify.client import AccessForbidden, AccessTokenRejected, ShopUnavailable
from app.shops.queries import get_shop

log = get_logger(__name__)


async def import_step(deps: Deps, import_id: int) -> None:
    """The next step of a running import. Raises `ShopifyUnavailable`, to be tried again."""
    try:
        portion = await _read(deps, import_id)
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        await _fail(deps, import_id, error.sentence)
        return
    if portion is None:
        return
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id, lock=True)
        # Another worker has made this step meanwhile: what it counted counts.
        current = run is not None and run.fence == portion.run.fence and run.state in (RUNNING, PAUSED)
        if run is not None and current:
            await _keep(deps, session, run, portion)
    started = portion.place.get("operation_id")
    if not current and started is not None and (run is None or run.operation_id != started):
        await cancel_operation(deps, portion.shop.id, started)


async def cancel_of_import(deps: Deps, import_id: int) -> None:
    """Shopify need not go on gathering for a run that was stopped. Raises `ShopifyUnavailable`, to be tried again."""
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id)
    if run is not None and run.state == DONE and run.operation_id is not None:
        await cancel_operation(deps, run.shop_id, run.operation_id)


async def _read(deps: Deps, import_id: int) -> Portion | None:
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id)
        if run is None or run.state != RUNNING:
            return None
        shop = await get_shop(session, run.shop_id)
    if not shop.installed:
        raise ShopUnavailable("The shop has uninstalled the app.")
    return await (read_in_bulk if run.way == BULK else read_page)(deps, run, shop)


async def _keep(deps: Deps, session: AsyncSession, run: HistoryImport, portion: Portion) -> None:
    counts = Counter({} if portion.anew else run.counts)
    for result, account_id in await store_portion(deps, session, portion):
        counts[result] += 1
        if account_id is not None and result == "created":
            counts[f"account:{account_id}"] += 1
    run.counts = dict(counts)
    for column, value in portion.place.items():
        setattr(run, column, value)
    run.fence += 1
    run.updated_at = deps.clock()
    if portion.last:
        run.state, run.finished_at = DONE, deps.clock()
        log.info("connect.imported", shop_id=run.shop_id, import_id=run.id, way=run.way, created=counts["created"])
    elif run.state == RUNNING:
        await enqueue(session, IMPORT, [run.id], delay=portion.wait)


async def _fail(deps: Deps, import_id: int, sentence: str) -> None:
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id, lock=True)
        if run is not None and run.state == RUNNING:
            run.state, run.problem, run.updated_at = FAILED, sentence, deps.clock()
