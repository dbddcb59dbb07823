"""Permissions changed: what may be subscribed to has changed with them."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.notifications.registration import request_registration
from app.shopify.webhooks import Delivery, on_topic


@on_topic("app/scopes_update", name="notifications.scopes_update", registered="app")
async def follow_scopes(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Shopify takes the subscriptions of a scope that was taken back; those of a new one are made."""
    if delivery.shop_id is None:
        return "unknown shop"
    await request_registration(session, delivery.shop_id)
    return "subscriptions will be compared"
