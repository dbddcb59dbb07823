"""The simulated shops themselves: installing the app, proving who asks, delivering webhooks, and what goes wrong next.

The state kept here is what the HTTP side serves. What happens inside a shop is in `verbs.py`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from app.core.clock import Clock
from app.simulator.shopify import shop_payloads, tokens
from app.simulator.shopify.bulk import BulkRuns
from app.simulator.shopify.credentials import Credentials
from app.simulator.shopify.faults import Fault, Faults, Kind
from app.simulator.shopify.payloads import Payload
from app.simulator.shopify.state import Delivery, Shop, Store
from app.simulator.shopify.webhooks import Webhooks, encode

DEFAULT_SCOPES = ("read_orders", "write_customers")


@dataclass(frozen=True)
class RecordedRequest:
    """*operation* is the name of the GraphQL operation, or the grant that was asked for."""

    shop: str
    method: str
    path: str
    operation: str
    status: int
    at: datetime


class SimulatedShops:
    def __init__(
        self, *, clock: Clock, api_key: str, api_secret: str, app_url: str, state_path: Path | None = None
    ) -> None:
        self.clock = clock
        self.credentials = Credentials(api_key, api_secret)
        self.store = Store(state_path)
        self.faults = Faults()
        self.webhooks = Webhooks(self.store, self.credentials, app_url.rstrip("/"), clock)
        self.bulk = BulkRuns(clock, self.webhooks.send_later)
        self.requests: list[RecordedRequest] = []

    @property
    def app_url(self) -> str:
        return self.webhooks.app_url

    @app_url.setter
    def app_url(self, url: str) -> None:
        self.webhooks.app_url = url.rstrip("/")

    # Shops

    @property
    def shops(self) -> dict[str, Shop]:
        return self.store.state.shops

    @property
    def deliveries(self) -> list[Delivery]:
        return self.store.state.deliveries

    def add_shop(
        self,
        domain: str = "demo-store.myshopify.com",
        *,
        name: str = "Demo Store",
        email: str = "owner@demo-store.example",
        phone: str = "+16505550199",
        timezone: str = "America/New_York",
        plan: str = "Basic",
        currency: str = "USD",
    ) -> Shop:
        """The shop of that domain, made when there is none yet."""
        if domain not in self.shops:
            self.shops[domain] = Shop(
                id=self.store.new_id(),
                domain=domain,
                name=name,
                email=email,
                phone=phone,
                timezone=timezone,
                plan=plan,
                currency=currency,
                created_at=self.clock(),
            )
            self.store.save()
        return self.shops[domain]

    def install(self, domain: str, *, scopes: Sequence[str] = DEFAULT_SCOPES) -> Shop:
        """Managed installation: the merchant agrees to *scopes*; the app learns of it when its page is opened."""
        shop = self.shops[domain]
        if not shop.installed:
            shop.installed, shop.installed_at = True, self.clock()
        shop.scopes = list(scopes)
        self.store.save()
        return shop

    async def uninstall(self, domain: str) -> list[Delivery]:
        """Tokens and subscriptions are gone at once; `app/uninstalled` follows. `send_shop_redact` is for later."""
        shop = self.shops[domain]
        shop.installed, shop.tokens, shop.codes, shop.subscriptions = False, [], [], {}
        return await self.webhooks.send(shop, {"app/uninstalled": shop_payloads.shop_payload(shop, self.clock())})

    async def change_scopes(self, domain: str, scopes: Sequence[str]) -> list[Delivery]:
        shop = self.shops[domain]
        previous, shop.scopes = shop.scopes, list(scopes)
        payload = shop_payloads.scopes_payload(shop, previous, self.clock())
        return await self.webhooks.send(shop, {"app/scopes_update": payload})

    async def rename_shop(self, domain: str, name: str) -> list[Delivery]:
        shop = self.shops[domain]
        shop.name = name
        return await self.webhooks.send(shop, {"shop/update": shop_payloads.shop_payload(shop, self.clock())})

    # Proofs

    def id_token(self, domain: str, *, user_id: str = "1", lifetime: float = 60, **overrides: object) -> str:
        """A signed ID token; *overrides* replace claims, None leaves one out."""
        return tokens.sign_id_token(
            self.shops[domain],
            self.credentials,
            self.clock(),
            user_id=user_id,
            lifetime=lifetime,
            overrides=overrides,
        )

    def document_query(self, domain: str, path: str = "/", *, user_id: str = "1", locale: str = "en") -> str:
        """The query string with which the admin opens *path* of the app in its frame."""
        id_token = self.id_token(domain, user_id=user_id)
        return tokens.document_query(
            self.shops[domain],
            self.credentials,
            self.clock(),
            id_token=id_token,
            user_id=user_id,
            path=path,
            locale=locale,
        )

    def rotate_secret(self, secret: str) -> None:
        """Adds a client secret; webhooks are signed with the one before for another hour."""
        self.credentials.rotate(secret, self.clock())

    def revoke_secret(self, secret: str) -> None:
        """Takes back a client secret, and with it the tokens that were asked for with it."""
        self.credentials.revoke(secret)
        for shop in self.shops.values():
            shop.tokens = [token for token in shop.tokens if token.secret_print != tokens.fingerprint(secret)]
        self.store.save()

    # Webhooks

    async def send_webhook(
        self,
        domain: str,
        topic: str,
        payload: Payload | bytes,
        *,
        webhook_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        hmac: str | None = None,
    ) -> httpx2.Response:
        """One raw webhook to the app's endpoint, whatever it holds; *hmac* replaces the right signature."""
        body = payload if isinstance(payload, bytes) else encode(payload)
        return await self.webhooks.send_raw(domain, topic, body, webhook_id=webhook_id, headers=headers, signature=hmac)

    async def retry_webhooks(self, *, due_only: bool = False) -> list[Delivery]:
        """Another attempt of everything that failed; with *due_only*, only of what Shopify's schedule has come to."""
        return await self.webhooks.retry(due_only=due_only)

    async def retry_as_scheduled(self, *, every: float = 5.0) -> None:
        """Never returns: looks every so many real seconds which failed deliveries are due. A task of the trial."""
        while True:
            await asyncio.sleep(every)
            await self.retry_webhooks(due_only=True)

    async def settle(self) -> None:
        """Waits for bulk operations that nothing holds, and for the webhooks that the app's own mutations caused."""
        await self.bulk.settle()
        await self.webhooks.settle()

    @property
    def lose_webhooks(self) -> bool:
        return self.webhooks.lose

    @lose_webhooks.setter
    def lose_webhooks(self, lose: bool) -> None:
        self.webhooks.lose = lose

    @property
    def duplicate_webhooks(self) -> bool:
        return self.webhooks.duplicate

    @duplicate_webhooks.setter
    def duplicate_webhooks(self, duplicate: bool) -> None:
        self.webhooks.duplicate = duplicate

    # Faults

    def fail_next(
        self,
        kind: Kind,
        *,
        status: int = 500,
        times: int = 1,
        body: Any = None,
        retry_after: int | None = None,
        after_accepting: bool = False,
    ) -> None:
        """Answers the next *times* requests with *status*; *after_accepting* lets them take effect first."""
        self.faults.add(
            Fault(kind, times=times, status=status, body=body, retry_after=retry_after, after=after_accepting)
        )

    def throttle_next(self, times: int = 1) -> None:
        self.faults.add(Fault("graphql", times=times, throttle=True))

    def hang_next(self, seconds: float, kind: Kind = "graphql", *, times: int = 1) -> None:
        """Keeps the next requests waiting, in real seconds, before they are served as usual."""
        self.faults.add(Fault(kind, times=times, hang_seconds=seconds))

    def save(self) -> None:
        self.store.save()

    async def aclose(self) -> None:
        await self.bulk.aclose()
        await self.webhooks.aclose()
        self.store.save()
