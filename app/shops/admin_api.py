"""Runs an Admin API operation for a shop: finds the token, renews it once if Shopify refuses it."""

from collections.abc import Mapping
from typing import Any

from app.core.log import get_logger
from app.deps import Deps
from app.shopify.client import AccessTokenRejected, Answer
from app.shops.models import Shop

log = get_logger(__name__)


async def run_operation(
    deps: Deps,
    shop_id: int,
    operation: str,
    variables: Mapping[str, Any] | None = None,
    *,
    shop: Shop | None = None,
) -> Answer:
    """Raises `ShopifyError`s. A token that is refused twice marks the shop as needing the merchant's visit.

    *shop*: its row, where the caller has just read it, so that it is not read again for its token.
    """
    access = (shop and deps.tokens.access_of(shop)) or await deps.tokens.admin_access(shop_id)
    try:
        return await deps.admin.graphql(access.shop_domain, access.token, operation, variables)
    except AccessTokenRejected:
        access = await deps.tokens.admin_access(shop_id, rejected=access.token)
    try:
        return await deps.admin.graphql(access.shop_domain, access.token, operation, variables)
    except AccessTokenRejected:
        if await deps.tokens.give_up(shop_id, rejected=access.token):
            log.warning("shop.needs_reauth", shop_id=shop_id)
        raise
