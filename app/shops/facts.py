"""What the app needs to know of a shop: its name for texts, its time zone, country and granted scopes."""

from zoneinfo import available_timezones

from app.deps import Deps
from app.shopify.client import AccessTokenRejected, operation
from app.shops.admin_api import run_operation
from app.shops.queries import get_shop_locked


async def read_facts(deps: Deps, shop_id: int) -> None:
    """Refresh the shop's row from the Admin API. A shop without access is left as it is."""
    asked_at = deps.clock()
    try:
        answer = await run_operation(deps, shop_id, operation(__package__ or "app.shops", "shop_info"))
    except AccessTokenRejected:
        return
    info = answer["shop"] or {}
    async with deps.db.transaction() as session:
        shop = await get_shop_locked(session, shop_id)
        shop.name = info.get("name") or shop.name
        shop.email = info.get("email") or shop.email
        shop.url = (info.get("primaryDomain") or {}).get("url") or info.get("url") or shop.url
        if info.get("ianaTimezone") in available_timezones():
            shop.timezone = info["ianaTimezone"]
        shop.currency = info.get("currencyCode") or shop.currency
        shop.country = (info.get("shopAddress") or {}).get("countryCodeV2") or shop.country
        scopes = [each.get("handle") for each in (answer["currentAppInstallation"] or {}).get("accessScopes") or []]
        if scopes and (shop.scopes_at is None or shop.scopes_at <= asked_at):
            shop.scopes_at = asked_at
            shop.scopes = ",".join(str(scope) for scope in scopes)
        shop.facts_read_at = deps.clock()
