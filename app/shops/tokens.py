"""A shop's offline token: one lease for exchange and refresh.

Source: Shopify, "Offline access tokens". Only one refreshable token exists per app and shop, and every new one
kills the refresh token before it, so a page load and a worker must never renew side by side. Who asks Shopify holds the
shop's lease meanwhile, in its row, so that no transaction is open during the call. The call begins at once or not at
all and ends long before the lease does; who comes back later than that stores nothing. A caller that runs out of
patience leaves it to be finished without him: the next one finds the token in the row. A process that dies in between
leaves the older refresh token, which Shopify honours until the new one is used.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.log import get_logger
from app.shopify.client import AccessTokenRejected, ShopifyUnavailable
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
LEASE = timedelta(seconds=40)
"""A process that died holds the others up for so long."""
BEGIN_WITHIN = timedelta(seconds=5)
LONGEST_CALL = 15.0
"""Seconds. With `BEGIN_WITHIN` half of a lease: what is late on the way still arrives within it."""
LOOK_EVERY = 0.1
BUSY = "Access to this shop is being renewed. The call will be repeated."
T = TypeVar("T")
OPEN_THE_APP = "The merchant has to open the app once so that Shopify grants access again."


@dataclass(frozen=True)
class Lease:
    """*shop*: its row when the lease was taken."""

    shop: Shop
    holder: str
    taken_at: datetime


@dataclass(frozen=True)
class OfflineTokens:
    """The `TokenProvider` of expiring offline tokens. Any number of processes may hold one of these."""

    db: Database
    vault: Vault
    oauth: OAuthClient
    clock: Clock
    running: set[asyncio.Task[Any]] = field(default_factory=set, repr=False, compare=False)
    """Renewals under way; the event loop itself only knows tasks weakly."""

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
        renewed = await self._alone(shop_id, lambda shop: self._usable(shop, rejected), self._refresh)
        return AdminAccess(shop.domain, renewed)

    async def page_opened(self, shop_id: int, id_token: str, *, needed_scopes: Sequence[str]) -> bool:
        """Exchanges the ID token when the stored token is missing, dying, refused or lacks a scope, and only then."""
        async with self.db.transaction() as session:
            if self._good_for_page(await get_shop(session, shop_id), needed_scopes):
                return False

        async def exchange(lease: Lease) -> bool:
            await self._keep(lease, await self._asked(lease, self.oauth.exchange, id_token), installs=True)
            log.info("shop.token_exchanged", shop_id=shop_id)
            return True

        return await self._alone(shop_id, lambda shop: self._good_for_page(shop, needed_scopes) or None, exchange)

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

        async def exchange(lease: Lease) -> bool:
            shop = await self._keep(lease, await self._asked(lease, self.oauth.exchange, id_token))
            return covers(shop.scopes, [scope])

        return await self._alone(shop_id, lambda shop: covers(shop.scopes, [scope]) or None, exchange)

    async def redeem(self, shop_id: int, code: str) -> None:
        """The token of the authorization code grant; it installs the shop as an exchange would."""

        async def redeem(lease: Lease) -> Shop:
            return await self._keep(lease, await self._asked(lease, self.oauth.redeem_code, code), installs=True)

        await self._alone(shop_id, lambda _shop: None, redeem)

    async def finish(self, within: float = LONGEST_CALL) -> None:
        """Before the database closes: let what was begun end, and call off what does not."""
        if self.running:
            _, late = await asyncio.wait(self.running, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

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

    async def _refresh(self, lease: Lease) -> str:
        sealed = lease.shop.refresh_token_encrypted
        try:
            if sealed is None:
                raise GrantRejected(OPEN_THE_APP)
            token = await self._asked(lease, self.oauth.refresh, self.vault.decrypt(sealed), last_word=True)
        except GrantRejected:
            await self._need_the_merchant(lease)
            raise AccessTokenRejected(OPEN_THE_APP) from None
        await self._keep(lease, token)
        return token.access_token

    async def _alone(
        self, shop_id: int, known: Callable[[Shop], T | None], renew: Callable[[Lease], Awaitable[T]]
    ) -> T:
        """What is *known* from the row by now, or else what *renew* makes of the lease. Another's is waited for."""
        for _ in range(round(LEASE / timedelta(seconds=LOOK_EVERY)) + 1):
            found = await self._to_the_end(self._known_or_renewed(shop_id, known, renew))
            if found is not None:
                return found
            await asyncio.sleep(LOOK_EVERY)
        raise ShopifyUnavailable(BUSY)

    async def _known_or_renewed(
        self, shop_id: int, known: Callable[[Shop], T | None], renew: Callable[[Lease], Awaitable[T]]
    ) -> T | None:
        """None while another holds the lease."""
        async with self.db.transaction() as session:
            shop = await get_shop_locked(session, shop_id)
            if (found := known(shop)) is not None:
                return found
            if is_being_renewed(shop, self.clock()):
                return None
            lease = Lease(shop, secrets.token_hex(8), self.clock())
            shop.token_lease_holder, shop.token_lease_until = lease.holder, lease.taken_at + LEASE
        return await renew(lease)

    async def _to_the_end(self, deed: Coroutine[Any, Any, T]) -> T:
        """Also when the caller is called off: what Shopify has answered is not lost, and no lease stays behind."""
        task = asyncio.create_task(deed)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return await asyncio.shield(task)

    async def _asked(
        self, lease: Lease, ask: Callable[[str, str], Awaitable[OfflineToken]], proof: str, *, last_word: bool = False
    ) -> OfflineToken:
        """Shopify's answer. Whatever goes wrong, the lease is given back, and only a dead process leaves it to lapse.

        *last_word*: a refusal is to be written down by the caller, who ends the lease with it.
        """
        try:
            if self.clock() - lease.taken_at > BEGIN_WITHIN:
                raise ShopifyUnavailable(BUSY)
            async with asyncio.timeout(LONGEST_CALL):
                return await ask(lease.shop.domain, proof)
        except BaseException as error:
            if not (last_word and isinstance(error, GrantRejected)):
                await self._give_back(lease)
            if isinstance(error, TimeoutError):
                raise ShopifyUnavailable("Shopify did not answer in time.") from None
            raise

    async def _keep(self, lease: Lease, token: OfflineToken, *, installs: bool = False) -> Shop:
        async with self.db.transaction() as session:
            shop = await self._ours(session, lease)
            if shop is None:
                # We were taken for dead, and somebody else has asked since: theirs is the newer one.
                raise ShopifyUnavailable(BUSY)
            if installs and (lease.shop.needs_reauth or not shop.installed):
                # Had Shopify refused what we held, the app was taken off and put on again without our hearing of
                # it: subscriptions are gone, and news of that uninstall is old from now on.
                await mark_installed(session, shop, at=lease.taken_at, unheard=shop.installed)
            self._store(shop, token, lease.taken_at)
            return shop

    async def _need_the_merchant(self, lease: Lease) -> None:
        """The lease was held all the while, so nobody has stored a newer token: this is Shopify's last word."""
        async with self.db.transaction() as session:
            shop = await self._ours(session, lease)
            if shop is not None:
                log.warning("shop.refresh_refused", shop_id=shop.id)
                shop.needs_reauth = True

    async def _give_back(self, lease: Lease) -> None:
        async with self.db.transaction() as session:
            await self._ours(session, lease)

    async def _ours(self, session: AsyncSession, lease: Lease) -> Shop | None:
        """The shop's row, locked, with the lease ended; None when the lease is another's by now."""
        shop = await get_shop_locked(session, lease.shop.id)
        if shop.token_lease_holder != lease.holder:
            return None
        shop.token_lease_holder = shop.token_lease_until = None
        return shop

    def _store(self, shop: Shop, token: OfflineToken, asked_at: datetime) -> None:
        shop.access_token_encrypted = self.vault.encrypt(token.access_token)
        shop.access_expires_at = token.access_expires_at
        shop.refresh_token_encrypted = self.vault.encrypt(token.refresh_token) if token.refresh_token else None
        shop.refresh_expires_at = token.refresh_expires_at
        if token.scopes:
            shop.scopes, shop.scopes_at = token.scopes, asked_at
        shop.granted_at = asked_at
        shop.needs_reauth = False


def is_being_renewed(shop: Shop, now: datetime) -> bool:
    return shop.token_lease_until is not None and shop.token_lease_until > now


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
    shop.token_lease_holder = shop.token_lease_until = None
    shop.needs_reauth = False
