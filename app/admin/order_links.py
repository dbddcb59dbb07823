"""Where an order is looked at: Shopify's in Shopify's admin; those of the API, which Shopify does not know, here."""

from collections.abc import Iterable

from app.admin.session import Visit
from app.connect.alerts import OURS
from app.connect.queries.orders import accounts_of_orders


async def order_links(visit: Visit, order_ids: Iterable[str]) -> dict[str, str]:
    """Id to address; an order of an account that was removed has none."""
    wanted = list(order_ids)
    ours = {each: int(each.removeprefix(OURS)) for each in wanted if each.startswith(OURS)}
    links = {each: f"shopify://admin/orders/{each}" for each in wanted if each not in ours}
    if ours:
        async with visit.deps.db.transaction() as session:
            accounts = await accounts_of_orders(session, visit.shop.id, ours.values())
        links |= {each: f"/connect/accounts/{accounts[key]}" for each, key in ours.items() if key in accounts}
    return links
