"""What happens to a shop's subscriptions when its permissions or its installation changed."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.notifications.registration import request_registration
from app.shopify.webhooks import Delivery, on_topic
from app.shops.presence import has_come_back_since
from app.shops.queries import get_shop


@on_topic("app/scopes_update", name="notifications.scopes_update", registered="app")
async def follow_scopes(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Shopify takes the subscriptions of a scope that was taken back; those of a new one are made."""
    if delivery.shop_id is None:
        return "unknown shop"
    await request_registration(session, delivery.shop_id)
    return "subscriptions will be compared"


@on_topic("app/uninstalled", name="notifications.left_and_came_back", registered="app")
async def follow_reinstall(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Subscriptions go with an uninstall, also with one of which we hear when the app is there again."""
    if delivery.shop_id is None:
        return "unknown shop"
    shop = await get_shop(session, delivery.shop_id)
    if not has_come_back_since(shop, delivery.event_at):
        return "nothing to compare"
    await request_registration(session, shop.id)
    return "subscriptions will be compared"
