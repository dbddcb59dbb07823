"""A shop's offline token: one lock for exchange and refresh.

Source: Shopify, "Offline access tokens". Only one refreshable token exists per app and shop, and every new one
kills the refresh token before it, so a page load and a worker must never renew side by side. The shop's row lock
is held during that one call, bounded by its 10 s deadline; this is the only place where a transaction is open
while we talk to the outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.clock import Clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.log import get_logger
from app.shopify.client import AccessTokenRejected
from app.shopify.oauth import GrantRejected, OAuthClient, OfflineToken
from app.shopify.token_provider import AdminAccess
from app.shops.models import Shop
from app.shops.presence import mark_installed
from app.shops.queries import get_shop, get_shop_locked

log = get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=5)
ASK_AGAIN_FOR_SCOPES = timedelta(minutes=5)
"""A scope that the merchant has not granted does not come by exchanging again on every page."""
ACCESS_LIFE = timedelta(hours=1)
OPEN_THE_APP = "The merchant has to open the app once so that Shopify grants access again."


@dataclass(frozen=True)
class OfflineTokens:
    """The `TokenProvider` of expiring offline tokens. Any number of processes may hold one of these."""

    db: Database
    vault: Vault
    oauth: OAuthClient
    clock: Clock

    async def access_token(self, shop_id: int, *, rejected: str | None = None) -> str:
        return (await self.admin_access(shop_id, rejected=rejected)).token

    def access_of(self, shop: Shop) -> AdminAccess | None:
        stored = self._usable(shop, None)
        return AdminAccess(shop.domain, stored) if stored is not None else None

    async def admin_access(self, shop_id: int, *, rejected: str | None = None) -> AdminAccess:
        async with self.db.reading() as session:
            shop = await get_shop(session, shop_id)
        stored = self._usable(shop, rejected)
        if stored is not None:
            return AdminAccess(shop.domain, stored)
        async with self.db.transaction() as session:
            shop = await get_shop_locked(session, shop_id)
            stored = self._usable(shop, rejected)
            if stored is None:
                stored = await self._refresh(shop)
        if stored is None:
            raise AccessTokenRejected(OPEN_THE_APP)
        return AdminAccess(shop.domain, stored)

    async def page_opened(self, shop_id: int, id_token: str, *, needed_scopes: Sequence[str]) -> bool:
        """Exchanges the ID token when the stored token is missing, dying, refused or lacks a scope, and only then."""
        async with self.db.transaction() as session:
            if self._good_for_page(await get_shop(session, shop_id), needed_scopes):
                return False
        async with self.db.transaction() as session:
            shop = await get_shop_locked(session, shop_id)
            if not self._good_for_page(shop, needed_scopes):
                asked_at = self.clock()
                token = await self.oauth.exchange(shop.domain, id_token)
                if shop.needs_reauth or not shop.installed:
                    # Had Shopify refused what we held, the app was taken off and put on again without our hearing of
                    # it: subscriptions are gone, and news of that uninstall is old from now on.
                    await mark_installed(session, shop, at=asked_at, unheard=shop.installed)
                self._store(shop, token, asked_at)
                log.info("shop.token_exchanged", shop_id=shop.id)
        return True

    async def give_up(self, shop_id: int, *, rejected: str) -> bool:
        """The merchant has to open the app, unless a page has just brought a newer token than the rejected one."""
        async with self.db.transaction() as session:
            shop = await get_shop_locked(session, shop_id)
            sealed = shop.access_token_encrypted
            if sealed is not None and self.vault.decrypt(sealed) != rejected:
                return False
            shop.needs_reauth = True
            return True

    async def scope_granted(self, shop_id: int, id_token: str, scope: str) -> bool:
        """A new token tells, and carries the scope; the one that is held was given before the merchant agreed."""
        async with self.db.transaction() as session:
            shop = await get_shop_locked(session, shop_id)
            if not covers(shop.scopes, [scope]):
                asked_at = self.clock()
                self._store(shop, await self.oauth.exchange(shop.domain, id_token), asked_at)
            return covers(shop.scopes, [scope])

    async def keep(self, shop_id: int, token: OfflineToken) -> None:
        """Keep a token from the authorization code grant; it installs the shop as an exchange would."""
        async with self.db.transaction() as session:
            shop = await get_shop_locked(session, shop_id)
            if not shop.installed:
                await mark_installed(session, shop, at=self.clock())
            self._store(shop, token, self.clock())

    def _usable(self, shop: Shop, rejected: str | None) -> str | None:
        if not shop.installed or shop.needs_reauth:
            raise AccessTokenRejected(OPEN_THE_APP)
        if shop.access_token_encrypted is None or shop.access_expires_at is None:
            return None
        if shop.access_expires_at - RENEW_BEFORE <= self.clock():
            return None
        token = self.vault.decrypt(shop.access_token_encrypted)
        return None if token == rejected else token

    def _good_for_page(self, shop: Shop, needed_scopes: Sequence[str]) -> bool:
        if shop.access_token_encrypted is None or shop.access_expires_at is None or shop.needs_reauth:
            return False
        if shop.access_expires_at - RENEW_BEFORE <= self.clock():
            return False
        asked_lately = shop.access_expires_at - ACCESS_LIFE + ASK_AGAIN_FOR_SCOPES > self.clock()
        return asked_lately or covers(shop.scopes, needed_scopes)

    async def _refresh(self, shop: Shop) -> str | None:
        if shop.refresh_token_encrypted is None:
            shop.needs_reauth = True
            return None
        asked_at = self.clock()
        try:
            token = await self.oauth.refresh(shop.domain, self.vault.decrypt(shop.refresh_token_encrypted))
        except GrantRejected:
            # The row is locked, so nobody has stored a newer one meanwhile: this is Shopify's last word.
            log.warning("shop.refresh_refused", shop_id=shop.id)
            shop.needs_reauth = True
            return None
        self._store(shop, token, asked_at)
        return token.access_token

    def _store(self, shop: Shop, token: OfflineToken, asked_at: datetime) -> None:
        shop.access_token_encrypted = self.vault.encrypt(token.access_token)
        shop.access_expires_at = token.access_expires_at
        shop.refresh_token_encrypted = self.vault.encrypt(token.refresh_token) if token.refresh_token else None
        shop.refresh_expires_at = token.refresh_expires_at
        shop.scopes = token.scopes or shop.scopes
        shop.granted_at = asked_at
        shop.needs_reauth = False


def covers(granted: str, needed: Sequence[str]) -> bool:
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
