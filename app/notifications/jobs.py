"""Webhook registration outside a request, daily for every shop, and the look for events whose webhook never came."""

from datetime import timedelta

from app.core.jobs import Discard, enqueue, every, job
from app.deps import Deps
from app.notifications.registration import REGISTER, register_webhooks
from app.notifications.sweep import sweep_missed_events
from app.shopify.client import AccessForbidden, AccessTokenRejected, ShopUnavailable
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


SWEEP = "notifications.sweep"
SWEEP_A_DAY = "notifications.sweep_a_day"
A_DAY = timedelta(hours=26)


@every(timedelta(hours=1), "notifications.sweep_all")
async def sweep_all(deps: Deps) -> None:
    async with deps.db.transaction() as session:
        await enqueue(session, SWEEP, await installed_shop_ids(session), once=True)


@every(timedelta(days=1), "notifications.sweep_all_of_a_day")
async def sweep_all_of_a_day(deps: Deps) -> None:
    """Whatever the hourly looks did not see, because Shopify's search lagged or a look was cut short."""
    async with deps.db.transaction() as session:
        await enqueue(session, SWEEP_A_DAY, await installed_shop_ids(session), once=True)


@job(SWEEP, attempts=5)
async def sweep_shop(deps: Deps, shop_id: str) -> None:
    await _sweep(deps, int(shop_id), None)


@job(SWEEP_A_DAY, attempts=5)
async def sweep_day_of_shop(deps: Deps, shop_id: str) -> None:
    await _sweep(deps, int(shop_id), A_DAY)


async def _sweep(deps: Deps, shop_id: int, back: timedelta | None) -> None:
    try:
        await sweep_missed_events(deps, shop_id, back=back)
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        # The next look goes on where the last complete one ended.
        raise Discard(type(error).__name__) from None
