"""Webhooks as Shopify sends them: to whom, signed how, within which time, and how often again.

Source: Shopify, "Webhooks", "HTTPS delivery", "Troubleshooting webhooks". Five seconds for an answer, one to connect;
only 2xx counts; eight retries over four hours with the body and id of the first attempt; a subscription made through
the API is deleted after eight failures in a row, the app's own (from its toml) never. App topics and compliance topics
go to the app's one endpoint; everything else only to subscriptions.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

import httpx2

from app.core.clock import Clock
from app.core.http import trusted
from app.simulator.shopify.credentials import Credentials
from app.simulator.shopify.payloads import Payload
from app.simulator.shopify.search import matches_filter
from app.simulator.shopify.state import Delivery, Shop, Store, Subscription

API_VERSION = "2026-10"
APP_ENDPOINT = "/webhooks/shopify"
APP_TOPICS = frozenset(
    {"app/uninstalled", "app/scopes_update", "customers/data_request", "customers/redact", "shop/redact"}
)
DEADLINE = 5.0
CONNECT_DEADLINE = 1.0
RETRIES = 8
FIRST_RETRY = timedelta(seconds=57)  # doubled each time, the eighth comes after four hours
FAILURES_UNTIL_DELETED = 8


class Webhooks:
    def __init__(self, store: Store, credentials: Credentials, app_url: str, clock: Clock) -> None:
        self.lose = False
        self.duplicate = False
        self._store = store
        self._credentials = credentials
        self.app_url = app_url
        self._clock = clock
        self._client: httpx2.AsyncClient | None = None
        self._running: set[asyncio.Task[list[Delivery]]] = set()

    async def send(self, shop: Shop, topics: Mapping[str, Payload]) -> list[Delivery]:
        """Delivers one event under each of its topics, and returns what came of every delivery."""
        deliveries = [d for topic, payload in topics.items() for d in self._prepare(shop, topic, payload)]
        return await self._deliver_all(deliveries)

    def send_later(self, shop: Shop, topics: Mapping[str, Payload]) -> None:
        """As `send`, after the present request has been answered. `settle` waits for it."""
        task = asyncio.create_task(self.send(shop, topics))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        while self._running:
            await asyncio.gather(*self._running)

    async def retry(self, *, due_only: bool = False) -> list[Delivery]:
        """Another attempt of everything that failed; with *due_only*, of what the schedule has come to."""
        now = self._clock()
        waiting = [d for d in self._store.state.deliveries if d.outcome == "failed"]
        return await self._deliver_all([d for d in waiting if not due_only or (d.next_attempt_at or now) <= now])

    async def send_raw(
        self,
        shop_domain: str,
        topic: str,
        body: bytes,
        *,
        webhook_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        signature: str | None = None,
    ) -> httpx2.Response:
        """One request to the app's endpoint, whatever it holds; not retried and not kept."""
        delivery = self._delivery(shop_domain, topic, body, self.app_url + APP_ENDPOINT, event_id=str(uuid4()))
        if webhook_id is not None:
            delivery.webhook_id = webhook_id
        all_headers = self._headers(delivery)
        if signature is not None:
            all_headers["X-Shopify-Hmac-Sha256"] = signature
        return await self._http().post(delivery.uri, content=body, headers={**all_headers, **(headers or {})})

    async def aclose(self) -> None:
        await self.settle()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _prepare(self, shop: Shop, topic: str, payload: Payload) -> list[Delivery]:
        event_id = str(uuid4())
        deliveries = []
        if topic in APP_TOPICS:
            deliveries.append(
                self._delivery(shop.domain, topic, encode(payload), self.app_url + APP_ENDPOINT, event_id)
            )
        for subscription in list(shop.subscriptions.values()):
            wanted = subscription.topic == topic and matches_filter(subscription.filter, payload)
            if wanted and subscription.uri.startswith(("http://", "https://")):
                body = encode(_reduce(payload, subscription.include_fields))
                delivery = self._delivery(shop.domain, topic, body, subscription.uri, event_id)
                delivery.subscription_id, delivery.name = subscription.id, subscription.name
                delivery.api_version = subscription.api_version
                deliveries.append(delivery)
        self._store.state.deliveries.extend(deliveries)
        return deliveries

    def _delivery(self, domain: str, topic: str, body: bytes, uri: str, event_id: str) -> Delivery:
        return Delivery(
            webhook_id=str(uuid4()),
            event_id=event_id,
            topic=topic,
            domain=domain,
            uri=uri,
            body=body,
            api_version=API_VERSION,
            triggered_at=self._clock(),
        )

    async def _deliver_all(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        done = list(deliveries)
        for delivery in done:
            await self._deliver(delivery)
        self._store.save()
        return done

    async def _deliver(self, delivery: Delivery) -> None:
        if self.lose:
            delivery.outcome = "lost"
            return
        answer = await self._attempt(delivery)
        delivery.answers.append(answer)
        if self.duplicate:
            await self._attempt(delivery)
        self._settle_outcome(delivery, isinstance(answer, int) and 200 <= answer < 300)

    async def _attempt(self, delivery: Delivery) -> int | str:
        try:
            async with asyncio.timeout(DEADLINE):
                response = await self._http().post(delivery.uri, content=delivery.body, headers=self._headers(delivery))
        except (httpx2.TransportError, TimeoutError) as error:
            return type(error).__name__
        return response.status_code

    def _settle_outcome(self, delivery: Delivery, succeeded: bool) -> None:
        subscription = self._subscription_of(delivery)
        if succeeded:
            delivery.outcome, delivery.next_attempt_at = "delivered", None
            if subscription is not None:
                subscription.failures = 0
            return
        delivery.outcome, delivery.next_attempt_at = "failed", _next_attempt(delivery.attempts, self._clock())
        if delivery.attempts > RETRIES:
            delivery.outcome = "abandoned"
        if subscription is not None:
            subscription.failures += 1
            if subscription.failures >= FAILURES_UNTIL_DELETED:
                self._delete(delivery.domain, subscription)

    def _subscription_of(self, delivery: Delivery) -> Subscription | None:
        if delivery.subscription_id is None or delivery.domain not in self._store.state.shops:
            return None
        return self._store.state.shops[delivery.domain].subscriptions.get(delivery.subscription_id)

    def _delete(self, domain: str, subscription: Subscription) -> None:
        del self._store.state.shops[domain].subscriptions[subscription.id]
        for delivery in self._store.state.deliveries:
            if delivery.subscription_id == subscription.id and delivery.outcome == "failed":
                delivery.outcome = "abandoned"

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        secret = self._credentials.for_webhooks(self._clock())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Hmac-Sha256": sign(delivery.body, secret),
            "X-Shopify-Shop-Domain": delivery.domain,
            "X-Shopify-API-Version": delivery.api_version,
            "X-Shopify-Webhook-Id": delivery.webhook_id,
            "X-Shopify-Event-Id": delivery.event_id,
            "X-Shopify-Triggered-At": delivery.triggered_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return headers if delivery.name is None else {**headers, "X-Shopify-Name": delivery.name}

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            timeout = httpx2.Timeout(DEADLINE, connect=CONNECT_DEADLINE)
            self._client = httpx2.AsyncClient(
                verify=trusted(), timeout=timeout, follow_redirects=False, trust_env=False
            )
        return self._client


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def encode(payload: Payload) -> bytes:
    """JSON as Rails writes it: no spaces, letters as they are, and `&`, `<`, `>` escaped."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    for sign_, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(sign_, escaped)
    return text.encode()


def _reduce(payload: Payload, fields: list[str]) -> Payload:
    """Only the top-level and dotted *fields* of *payload*; all of it when none are named."""
    if not fields:
        return payload
    reduced: Payload = {}
    for path in fields:
        head, _, rest = path.partition(".")
        value = payload.get(head)
        if rest and isinstance(value, dict):
            reduced[head] = {**reduced.get(head, {}), **_reduce(value, [rest])}
        elif head in payload:
            reduced[head] = value
    return reduced


def _next_attempt(attempts: int, now: datetime) -> datetime:
    return now + FIRST_RETRY * (1 << (attempts - 1))
