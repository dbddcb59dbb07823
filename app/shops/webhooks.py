"""Topics that concern the shop itself: uninstalled, and scopes changed."""

from datetime import timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.jobs import Snooze, enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.shopify.webhooks import Delivery, on_topic
from app.shops.jobs import DISCONNECT, READ_FACTS
from app.shops.presence import has_come_back_since, mark_installed
from app.shops.queries import get_shop_locked, write_audit
from app.shops.tokens import forget_tokens, is_being_renewed

log = get_logger(__name__)

TOKEN_FIRST = timedelta(seconds=2)


class ScopesUpdate(msgspec.Struct):
    current: list[str] = msgspec.field(default_factory=list)


@on_topic("app/uninstalled", name="shops.uninstalled", registered="app")
async def mark_uninstalled(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Tokens are dead already, so no Admin API call is made. Data stays until `shop/redact`."""
    if delivery.shop_id is None:
        return "unknown shop"
    shop = await get_shop_locked(session, delivery.shop_id)
    if is_being_renewed(shop, deps.clock()):
        # Whether the shop has come back is what Shopify is being asked just now.
        raise Snooze(TOKEN_FIRST)
    if has_come_back_since(shop, delivery.event_at):
        if shop.installed and shop.installed_at is not None and shop.installed_at < delivery.event_at:
            # It left and came back without our hearing of either: what hung on the old installation is gone.
            await mark_installed(session, shop, at=shop.granted_at or deps.clock(), unheard=True)
        return "older than the installation"
    if shop.uninstalled_at is not None:
        return "uninstalled before"
    # Shopify's moment, not ours: an ID token made after it is from a new installation.
    shop.uninstalled_at = delivery.event_at
    forget_tokens(shop)
    await write_audit(session, shop.domain, at=deps.clock(), actor="shopify", action="uninstalled")
    await enqueue(session, DISCONNECT, [shop.id])
    log.info("shop.uninstalled", shop_id=shop.id)
    return "uninstalled"


@on_topic("app/scopes_update", name="shops.scopes_update", registered="app")
async def adopt_scopes(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    if delivery.shop_id is None:
        return "unknown shop"
    shop = await get_shop_locked(session, delivery.shop_id)
    happened_at = delivery.triggered_at
    if happened_at is None or (shop.scopes_at is not None and happened_at < shop.scopes_at):
        # News comes in any order, and clocks differ: where it may be old, Shopify itself says what holds now.
        await enqueue(session, READ_FACTS, [shop.id])
        return "may be old, Shopify is asked"
    shop.scopes, shop.scopes_at = ",".join(delivery.payload(ScopesUpdate).current), happened_at
    await write_audit(session, shop.domain, at=deps.clock(), actor="shopify", action="scopes_changed")
    return "scopes adopted"
