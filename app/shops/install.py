"""First sight of a shop is its first valid ID token: there is no install redirect under managed installation."""

from dataclasses import dataclass

from app.core.log import get_logger
from app.deps import Deps
from app.shopify.session_token import StaffSession
from app.shops.models import Shop
from app.shops.queries import add_shop, find_shop, get_shop, get_shop_locked, write_audit
from app.shops.tokens import forget_tokens

log = get_logger(__name__)


@dataclass(frozen=True)
class Opened:
    """*newly_installed*: this visit installed or reinstalled the app, so webhooks have to be registered."""

    shop: Shop
    newly_installed: bool


async def open_shop(deps: Deps, staff: StaffSession, id_token: str, *, needed_scopes: list[str]) -> Opened:
    """The shop of a verified session, provisioned and with a good token. Raises `ShopifyError`s of the exchange."""
    shop, newly_installed = await provision(deps, staff.shop_domain)
    if await deps.tokens.page_opened(shop.id, id_token, needed_scopes=needed_scopes):
        async with deps.db.transaction() as session:
            shop = await get_shop(session, shop.id)
    return Opened(shop, newly_installed)


async def provision(deps: Deps, domain: str) -> tuple[Shop, bool]:
    """The shop's row, and whether this made it installed. Callers have proof that Shopify means this shop."""
    async with deps.db.transaction() as session:
        shop = await find_shop(session, domain)
        if shop is not None and shop.installed:
            return shop, False
    async with deps.db.transaction() as session:
        await add_shop(session, domain, deps.clock())
        found = await find_shop(session, domain)
        if found is None:
            raise RuntimeError("A shop that was just added is gone.")
        shop = await get_shop_locked(session, found.id)
        if shop.installed:
            return shop, False
        # Tokens of an earlier installation are dead.
        forget_tokens(shop)
        shop.installed_at = deps.clock()
        shop.uninstalled_at = None
        await write_audit(session, domain, at=deps.clock(), actor="shopify", action="installed")
        log.info("shop.installed", shop_id=shop.id)
        return shop, True
