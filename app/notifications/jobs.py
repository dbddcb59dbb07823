"""Webhook registration outside a request: after install and changes, and daily for every shop."""

from datetime import timedelta

from app.core.jobs import Discard, enqueue, every, job
from app.deps import Deps
from app.notifications.registration import REGISTER, register_webhooks
from app.shopify.client import AccessTokenRejected
from app.shops.queries import installed_shop_ids


@job(REGISTER)
async def register_shop(deps: Deps, shop_id: str) -> None:
    try:
        await register_webhooks(deps, int(shop_id))
    except AccessTokenRejected:
        raise Discard("the merchant has to open the app once") from None


@every(timedelta(days=1), "notifications.register_all_webhooks")
async def register_all(deps: Deps) -> None:
    """Shopify deletes a subscription after eight failed deliveries in a row."""
    async with deps.db.transaction() as session:
        await enqueue(session, REGISTER, await installed_shop_ids(session), once=True)
