"""History gathered by Shopify in one bulk operation, and then read from its file.

Started once and remembered by its id; one that was started by a worker that died then is found again by its query.
Looked at by polling, with whatever token is the fresh one by then, because an operation outlives tokens. Whatever is in
the way (the app may not, five run already, it failed, its file is gone) ends in reading page by page, with a note that
says why. A file is read for a day at most: what was erased in Shopify since then must not come back from it.
Source: Shopify, "Perform bulk operations with the GraphQL Admin API"; since November 2026 each app has to be allowed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from app.connect.history import PAGES
from app.connect.history_file import FileLost, next_lines, read_rows
from app.connect.history_orders import Portion
from app.connect.history_pages import PACKAGE, count_orders
from app.connect.history_period import period_of
from app.connect.history_query import bulk_query
from app.connect.models import HistoryImport
from app.core.log import get_logger
from app.deps import Deps
from app.shopify.client import (
    AccessForbidden,
    AccessTokenRejected,
    ShopifyError,
    ShopifyUnavailable,
    ShopUnavailable,
    operation,
)
from app.shops.admin_api import run_operation
from app.shops.models import Shop

log = get_logger(__name__)

OLDEST_FILE: Final = timedelta(days=1)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(seconds=30)
BUSY: Final = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
UNDER_WAY: Final = ("CREATED", "RUNNING", "CANCELING")

NOT_ALLOWED: Final = "Shopify does not let this app gather orders in bulk, so they are read page by page."
IN_THE_WAY: Final = "Shopify is busy with other bulk requests of this app, so the orders are read page by page."
NOT_GATHERED: Final = "Shopify could not gather the orders in bulk, so they are read page by page."
FILE_LOST: Final = "The file that Shopify made could not be read, so the orders are read page by page."


async def read_in_bulk(deps: Deps, run: HistoryImport, shop: Shop) -> Portion:
    """The next step. Raises `ShopifyError`s, but for those that pages may still get past."""
    try:
        if run.operation_id is None:
            return await _start(deps, run, shop)
        return await _go_on(deps, run, shop, run.operation_id)
    except AccessForbidden:
        return _by_pages(run, shop, NOT_ALLOWED)
    except (AccessTokenRejected, ShopUnavailable, ShopifyUnavailable):
        raise
    except ShopifyError:
        return _by_pages(run, shop, NOT_GATHERED)
    except FileLost:
        return _by_pages(run, shop, FILE_LOST)


async def cancel_operation(deps: Deps, shop_id: int, operation_id: str) -> None:
    """One that has ended meanwhile stays ended. Raises `ShopifyError`s."""
    answer = await run_operation(deps, shop_id, operation(PACKAGE, "history_bulk_cancel"), {"id": operation_id})
    errors = (answer["bulkOperationCancel"] or {}).get("userErrors") or []
    log.info("connect.bulk_cancelled", shop_id=shop_id, refused=bool(errors))


async def _start(deps: Deps, run: HistoryImport, shop: Shop) -> Portion:
    query = bulk_query(run)
    total = await count_orders(deps, shop, period_of(run))
    operation_id = await _find_started(deps, shop, query)
    if operation_id is None:
        answer = await run_operation(deps, shop.id, operation(PACKAGE, "history_bulk_run"), {"query": query})
        started = answer["bulkOperationRunQuery"] or answer.whole("bulkOperationRunQuery") or {}
        codes = {str(each.get("code")) for each in started.get("userErrors") or []}
        operation_id = (started.get("bulkOperation") or {}).get("id")
        if operation_id is None:
            log.warning("connect.bulk_refused", shop_id=shop.id, codes=sorted(codes))
            return _by_pages(run, shop, IN_THE_WAY if codes & BUSY else NOT_GATHERED)
        log.info("connect.bulk_started", shop_id=shop.id, import_id=run.id)
    return Portion(run, shop, {"operation_id": operation_id, "total": total, "gathered": 0}, wait=SHORTEST_WAIT)


async def _find_started(deps: Deps, shop: Shop, query: str) -> str | None:
    """An operation with this very query: its worker died before it had written the id down."""
    answer = await run_operation(deps, shop.id, operation(PACKAGE, "history_bulk_list"))
    for each in (answer["bulkOperations"] or {}).get("nodes") or []:
        same = str(each.get("query") or "").split() == query.split()
        if same and (each.get("status") in ("CREATED", "RUNNING") or _is_fresh(deps, each)):
            return str(each["id"])
    return None


async def _go_on(deps: Deps, run: HistoryImport, shop: Shop, operation_id: str) -> Portion:
    answer = await run_operation(deps, shop.id, operation(PACKAGE, "history_bulk_poll"), {"id": operation_id})
    found = answer["bulkOperation"] or answer.whole("bulkOperation") or {}
    status, gathered = found.get("status"), _number(found.get("rootObjectCount"))
    if status in UNDER_WAY:
        return Portion(run, shop, {"gathered": gathered}, wait=_pause(deps, run))
    if status == "EXPIRED" or (status == "COMPLETED" and not _is_fresh(deps, found)):
        return Portion(run, shop, {"operation_id": None, "gathered": None, "read_to": 0}, anew=True)
    if status != "COMPLETED":
        log.warning("connect.bulk_ended", shop_id=shop.id, status=status, error=found.get("errorCode"))
        return _by_pages(run, shop, NOT_ALLOWED if found.get("errorCode") == "ACCESS_DENIED" else NOT_GATHERED)
    if found.get("url") is None:
        return Portion(run, shop, {"total": 0, "gathered": gathered}, last=True)
    return await _read_file(deps, run, shop, found, gathered)


async def _read_file(
    deps: Deps, run: HistoryImport, shop: Shop, found: Mapping[str, Any], gathered: int | None
) -> Portion:
    if deps.settings.production and not str(found["url"]).startswith("https://"):
        raise FileLost
    size = _number(found.get("fileSize"))
    part = await next_lines(deps.outside, str(found["url"]), run.read_to, size=size)
    orders, lines = read_rows(part.lines)
    place = {"read_to": part.end, "total": gathered, "gathered": gathered}
    return Portion(run, shop, place, orders, lines, last=part.last)


def _by_pages(run: HistoryImport, shop: Shop, note: str) -> Portion:
    place = {"way": PAGES, "note": note, "operation_id": None, "gathered": None, "read_to": 0, "cursor": None}
    return Portion(run, shop, place, anew=True)


def _is_fresh(deps: Deps, found: Mapping[str, Any]) -> bool:
    moment = found.get("completedAt")
    try:
        return isinstance(moment, str) and datetime.fromisoformat(moment) > deps.clock() - OLDEST_FILE
    except ValueError:
        return False


def _pause(deps: Deps, run: HistoryImport) -> timedelta:
    """Longer, the longer it takes already."""
    return min(max((deps.clock() - run.created_at) / 10, SHORTEST_WAIT), LONGEST_WAIT)


def _number(value: object) -> int | None:
    """Shopify writes counts as text."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
