"""A shop's offline token: one lock for exchange and refresh.

Source: Shopify, "Offline access tokens". Only one refreshable token exists per app and shop, and every new one
kills the refresh token before it, so a page load and a worker must never renew side by side. The shop's row lock
is held during that one call, bounded by its 10 s deadline; this is the only place where a transaction is open
while we talk to the outside.
"""

from datetime import timedelta

from app.core.log import get_logger
from app.deps import Deps
from app.shopify.client import AccessTokenRejected
from app.shopify.oauth import GrantRejected, OfflineToken
from app.shops.models import Shop
from app.shops.queries import get_shop, get_shop_locked

log = get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=5)
REFRESH_IDLE_BEFORE = timedelta(days=30)
"""Refresh tokens live 90 days; an idle shop is renewed when 30 are left."""


async def access_token(deps: Deps, shop_id: int, *, rejected: str | None = None) -> str:
    """A token good for at least five minutes. *rejected*: a token that Shopify has just refused.

    Raises `AccessTokenRejected` when the merchant has to open the app, or the app is uninstalled.
    """
    async with deps.db.transaction() as session:
        stored = _usable(deps, await get_shop(session, shop_id), rejected)
    if stored is not None:
        return stored
    async with deps.db.transaction() as session:
        shop = await get_shop_locked(session, shop_id)
        stored = _usable(deps, shop, rejected)
        if stored is None:
            stored = await _refresh(deps, shop)
    if stored is None:
        raise AccessTokenRejected("The merchant has to open the app once so that Shopify grants access again.")
    return stored


async def exchange_if_needed(deps: Deps, shop_id: int, id_token: str, *, needed_scopes: list[str]) -> None:
    """On a page load: exchange the ID token when the stored token is missing, dying, refused or lacks a scope."""
    async with deps.db.transaction() as session:
        if _good_for_page(deps, await get_shop(session, shop_id), needed_scopes):
            return
    async with deps.db.transaction() as session:
        shop = await get_shop_locked(session, shop_id)
        if not _good_for_page(deps, shop, needed_scopes):
            _store(deps, shop, await deps.oauth.exchange(shop.domain, id_token))
            log.info("shop.token_exchanged", shop_id=shop.id)


async def store_granted(deps: Deps, shop_id: int, token: OfflineToken) -> None:
    """Keep a token from the authorization code grant."""
    async with deps.db.transaction() as session:
        _store(deps, await get_shop_locked(session, shop_id), token)


def covers(granted: str, needed: list[str]) -> bool:
    """Whether granted scopes include the needed ones; `write_x` implies `read_x`."""
    have = {scope.strip() for scope in granted.split(",") if scope.strip()}
    have |= {"read_" + scope.removeprefix("write_") for scope in have if scope.startswith("write_")}
    return set(needed) <= have


def forget_tokens(shop: Shop) -> None:
    shop.access_token_encrypted = None
    shop.access_expires_at = None
    shop.refresh_token_encrypted = None
    shop.refresh_expires_at = None
    shop.needs_reauth = False


def _usable(deps: Deps, shop: Shop, rejected: str | None) -> str | None:
    if not shop.installed or shop.needs_reauth:
        raise AccessTokenRejected("The merchant has to open the app once so that Shopify grants access again.")
    if shop.access_token_encrypted is None or shop.access_expires_at is None:
        return None
    if shop.access_expires_at - RENEW_BEFORE <= deps.clock():
        return None
    token = deps.vault.decrypt(shop.access_token_encrypted)
    return None if token == rejected else token


def _good_for_page(deps: Deps, shop: Shop, needed_scopes: list[str]) -> bool:
    return (
        shop.access_token_encrypted is not None
        and shop.access_expires_at is not None
        and shop.access_expires_at - RENEW_BEFORE > deps.clock()
        and not shop.needs_reauth
        and covers(shop.scopes, needed_scopes)
    )


async def _refresh(deps: Deps, shop: Shop) -> str | None:
    if shop.refresh_token_encrypted is None:
        shop.needs_reauth = True
        return None
    try:
        token = await deps.oauth.refresh(shop.domain, deps.vault.decrypt(shop.refresh_token_encrypted))
    except GrantRejected:
        log.warning("shop.refresh_refused", shop_id=shop.id)
        shop.needs_reauth = True
        return None
    _store(deps, shop, token)
    return token.access_token


def _store(deps: Deps, shop: Shop, token: OfflineToken) -> None:
    shop.access_token_encrypted = deps.vault.encrypt(token.access_token)
    shop.access_expires_at = token.access_expires_at
    shop.refresh_token_encrypted = deps.vault.encrypt(token.refresh_token) if token.refresh_token else None
    shop.refresh_expires_at = token.refresh_expires_at
    shop.scopes = token.scopes or shop.scopes
    shop.needs_reauth = False
