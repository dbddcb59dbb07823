"""The shop's latest orders, so that a text can be looked at with one of them."""

from typing import Any

from app.deps import Deps
from app.shopify.client import operation, plain_id
from app.shops.admin_api import run_operation


async def recent_orders(deps: Deps, shop_id: int) -> list[dict[str, Any]]:
    """Newest first. Raises `ShopifyError`s."""
    answer = await run_operation(deps, shop_id, operation(__package__ or "app.messages", "recent_orders"))
    nodes = (answer["orders"] or {}).get("nodes") or []
    return [
        {
            "id": plain_id(node.get("id")),
            "name": node.get("name") or "",
            "created_at": node.get("createdAt"),
            # Empty where Shopify has not approved the app for names.
            "customer": (node.get("customer") or {}).get("displayName") or "",
        }
        for node in nodes
        if isinstance(node, dict)
    ]
