"""First sight of a shop is its first valid ID token: there is no install redirect under managed installation."""

from app.deps import Deps
from app.shopify.client import ShopifyError
from app.shopify.oauth import GrantRejected, SubjectTokenRejected
from app.shopify.session_token import StaffSession
from app.shops.models import Shop
from app.shops.presence import id_token_may_install, mark_installed
from app.shops.queries import add_shop, find_shop, get_shop, get_shop_locked


async def open_shop(deps: Deps, staff: StaffSession, id_token: str, *, needed_scopes: list[str]) -> Shop:
    """The shop of a verified session, provisioned and with a good token. Raises `ShopifyError`s of the exchange.

    A successful exchange installs the shop, the first time and after an uninstall. Shopify's plain no leaves it as it
    was; when Shopify could not be asked, the ID token counts if it was made after the last uninstall.
    """
    shop = await first_sight(deps, staff.shop_domain)
    try:
        changed = await deps.tokens.page_opened(shop.id, id_token, needed_scopes=needed_scopes)
    except (GrantRejected, SubjectTokenRejected):
        raise
    except ShopifyError:
        if not shop.installed:
            await _take_the_tokens_word(deps, shop.id, staff)
        raise
    if changed:
        async with deps.db.transaction() as session:
            shop = await get_shop(session, shop.id)
    return shop


async def first_sight(deps: Deps, domain: str) -> Shop:
    """The shop's row, made if there is none. Callers have proof that Shopify means this shop."""
    async with deps.db.transaction() as session:
        shop = await find_shop(session, domain)
        if shop is not None:
            return shop
        await add_shop(session, domain, deps.clock())
        shop = await find_shop(session, domain)
    if shop is None:
        raise RuntimeError("A shop that was just added is gone.")
    return shop


async def _take_the_tokens_word(deps: Deps, shop_id: int, staff: StaffSession) -> None:
    async with deps.db.transaction() as session:
        shop = await get_shop_locked(session, shop_id)
        if not shop.installed and id_token_may_install(shop, staff.issued_at):
            await mark_installed(session, shop, at=deps.clock())
