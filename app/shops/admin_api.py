"""Runs an Admin API operation for a shop: finds the token, renews it once if Shopify refuses it."""

from collections.abc import Mapping
from typing import Any

from app.core.log import get_logger
from app.deps import Deps
from app.shopify.client import AccessTokenRejected, Answer
from app.shops.queries import get_shop

log = get_logger(__name__)


async def run_operation(deps: Deps, shop_id: int, operation: str, variables: Mapping[str, Any] | None = None) -> Answer:
    """Raises `ShopifyError`s. A token that is refused twice marks the shop as needing the merchant's visit."""
    async with deps.db.reading() as session:
        domain = (await get_shop(session, shop_id)).domain
    token = await deps.tokens.access_token(shop_id)
    try:
        return await deps.admin.graphql(domain, token, operation, variables)
    except AccessTokenRejected:
        token = await deps.tokens.access_token(shop_id, rejected=token)
    try:
        return await deps.admin.graphql(domain, token, operation, variables)
    except AccessTokenRejected:
        if await deps.tokens.give_up(shop_id, rejected=token):
            log.warning("shop.needs_reauth", shop_id=shop_id)
        raise
