"""Whether a shop has the app: put on, taken off, put on again, and which news of that is old.

Source: Shopify, "Token exchange", "app/uninstalled". An ID token outlives an uninstall by up to a minute, and
`app/uninstalled` may come hours late, after the next installation. Two things prove that the app is there: a token that
Shopify grants, since it refuses every grant of a shop that has left, and, while Shopify gives no verdict, an ID token
made after the uninstall.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.shops.models import Shop
from app.shops.queries import write_audit

log = get_logger(__name__)


async def mark_installed(session: AsyncSession, shop: Shop, *, at: datetime, unheard: bool = False) -> None:
    """*unheard*: it was taken off and put on again without our being told; what hung on the old one is gone."""
    shop.installed_at = at
    shop.uninstalled_at = None
    detail: dict[str, object] = {"unheard": True} if unheard else {}
    await write_audit(session, shop.domain, at=at, actor="shopify", action="installed", detail=detail)
    log.info("shop.installed", shop_id=shop.id, unheard=unheard)


def has_come_back_since(shop: Shop, left_at: datetime) -> bool:
    """Whether an uninstall of that moment is old news."""
    proofs = (shop.installed_at, shop.granted_at)
    return any(moment is not None and left_at < moment for moment in proofs)


def id_token_may_install(shop: Shop, issued_at: datetime) -> bool:
    """Whether an ID token alone, made at that moment, speaks for the app being there."""
    return shop.uninstalled_at is None or issued_at > shop.uninstalled_at
