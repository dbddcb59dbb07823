"""History page by page: what every app may do, and what is left when Shopify does not gather all orders at once.

Source: Shopify, `orders` (60 days with `read_orders`, all with `read_all_orders`), `ordersCount`.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.connect.history_orders import Portion
from app.connect.history_period import period_of
from app.connect.models import HistoryImport
from app.deps import Deps
from app.shopify.client import operation
from app.shops.admin_api import run_operation
from app.shops.models import Shop

PACKAGE: Final = "app.connect"


async def read_page(deps: Deps, run: HistoryImport, shop: Shop) -> Portion:
    query = period_of(run)
    total = run.total if run.total is not None else await count_orders(deps, shop, query)
    variables = {"query": query, "cursor": run.cursor}
    answer = await run_operation(deps, shop.id, operation(PACKAGE, "history_page"), variables)
    connection = answer["orders"]
    if not isinstance(connection, Mapping):
        answer.whole("orders")
        connection = {}
    orders = [each for each in connection.get("nodes") or [] if isinstance(each, Mapping)]
    orders = [await _with_all_lines(deps, shop.id, each) for each in orders]
    info = connection.get("pageInfo") or {}
    next_cursor = info.get("endCursor") if info.get("hasNextPage") and orders else None
    return Portion(run, shop, {"total": total, "cursor": next_cursor}, orders, last=next_cursor is None)


async def count_orders(deps: Deps, shop: Shop, query: str) -> int:
    counted = await run_operation(deps, shop.id, operation(PACKAGE, "history_count"), {"query": query})
    return int((counted.whole("ordersCount") or {}).get("count") or 0)


async def _with_all_lines(deps: Deps, shop_id: int, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Few orders have more lines than a page of orders can afford to ask for (a query may cost 1,000 points)."""
    if not ((order.get("lineItems") or {}).get("pageInfo") or {}).get("hasNextPage"):
        return order
    answer = await run_operation(deps, shop_id, operation(PACKAGE, "history_lines"), {"id": order.get("id")})
    return {**order, "lineItems": (answer.whole("order") or {}).get("lineItems")}
