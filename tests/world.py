"""The world of the flow tests: the whole app, a real database, both simulators over real HTTP, and a held clock.

Its verbs read like the requirement: the shop installs, a customer orders, the workers run, a phone shows texts.
Nothing of the app is replaced; only time stands still until it is moved.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
from cryptography.fernet import Fernet

from app.config import Settings
from app.core.clock import HeldClock
from app.core.http import trusted
from app.core.jobs import run_due_jobs
from app.deps import Deps
from app.main import create_app
from app.messages.dispatch import send_due_messages
from app.messages.recover import resolve_unknown, sweep
from app.messages.status import read_due_statuses
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import Customer, Order, ShopifySimulator
from app.webhooks.jobs import pump
from app.wiring import open_deps
from app.worker import run_recurring
from tests.simulator.serving import serve

NOON_IN_NEW_YORK = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
SHOP = "demo-store.myshopify.com"
API_KEY = "0123456789abcdef0123456789abcdef"
API_SECRET = "a-client-secret-that-is-long-enough-for-hs256"
SENDER = "+16505550100"
ADA = "+12125550123"


class LateApp:
    """An ASGI app that is known only after its own address is."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@dataclass
class World:
    clock: HeldClock
    shopify: ShopifySimulator
    ringcentral: RingCentralSimulator
    deps: Deps
    url: str
    jwt: str
    http: httpx2.AsyncClient
    customers: dict[str, Customer] = field(default_factory=dict)

    # --- the merchant ---

    async def install(self, domain: str = SHOP) -> httpx2.Response:
        """The merchant opens the app for the first time."""
        self.shopify.install(domain)
        response = await self.open_page("/", domain)
        await self.workers_run()
        return response

    async def open_page(self, path: str, domain: str = SHOP) -> httpx2.Response:
        return await self.http.get(f"{self.url}{path}?{self.shopify.document_query(domain, path)}")

    async def api(
        self, method: str, path: str, body: object = None, *, domain: str = SHOP, token: str | None = None
    ) -> httpx2.Response:
        """A call of the pages' JSON API with a fresh session token."""
        bearer = token if token is not None else self.shopify.id_token(domain)
        return await self.http.request(
            method,
            f"{self.url}/api/admin{path}",
            headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
            content=json.dumps(body).encode() if body is not None else None,
        )

    async def connect(self, *, number: str = SENDER, domain: str = SHOP) -> None:
        """Paste the JWT, choose the number. Quiet hours are off unless a test is about them."""
        for method, path, body in (
            ("PUT", "/connection", {"jwt": self.jwt}),
            ("PUT", "/connection/number", {"phone_number": number}),
            ("PUT", "/settings", {"quiet_hours": {"enabled": False}}),
        ):
            response = await self.api(method, path, body, domain=domain)
            assert response.status_code == 200, response.text

    def number_leaves_stop_to_the_app(self) -> None:
        """The sender's campaign says that RingCentral does not answer STOP."""
        [user] = self.ringcentral.state.users.values()
        self.ringcentral.add_number(user, SENDER).stop_handled_by = "app"

    async def ready(self) -> None:
        """Installed, connected, and Ada is a customer who agreed to texts."""
        await self.install()
        await self.connect()
        assert self.ada.consent == "SUBSCRIBED"

    @property
    def ada(self) -> Customer:
        if "ada" not in self.customers:
            self.customers["ada"] = self.shopify.add_customer(SHOP, first_name="Ada", last_name="Lovelace", phone=ADA)
        return self.customers["ada"]

    # --- customers ---

    async def order(self, customer: Customer | None = None, **fields: Any) -> Order:
        return await self.shopify.place_order(SHOP, customer or self.ada, **fields)

    async def texts_from(self, phone: str, text: str, *, to: str = SENDER) -> None:
        await self.ringcentral.customer_texts(phone, to, text)
        await self.workers_run()

    def texts_on(self, phone: str) -> list[str]:
        """What arrived on a handset, oldest first."""
        return [each["text"] for each in self.ringcentral.texts_of(phone) if each["direction"] == "in"]

    # --- the machine ---

    async def workers_run(self) -> None:
        """Everything that is due now is done: webhooks, jobs, sending, look-ups, statuses."""
        for _ in range(20):
            worked = await pump(self.deps)
            worked += await run_due_jobs(self.deps.db, self.deps)
            worked += await send_due_messages(self.deps)
            worked += await resolve_unknown(self.deps)
            worked += await read_due_statuses(self.deps)
            await sweep(self.deps)
            await self.shopify.settle()
            if not worked:
                return
        raise AssertionError("the workers found work without end")

    async def recurring_run(self) -> None:
        await run_recurring(self.deps)
        await self.workers_run()

    async def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Time passes for the app, both simulators and the jobs that wait for their moment."""
        passed = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        self.clock.advance(seconds=passed.total_seconds())
        await self.deps.db.pool.execute("UPDATE pgqueuer SET execute_after = execute_after - $1::interval", passed)

    # --- looking ---

    async def messages(self, **query: Any) -> list[dict[str, Any]]:
        """The log, oldest first."""
        parameters = "&".join(f"{key}={value}" for key, value in query.items())
        response = await self.api("GET", f"/messages?{parameters}")
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["messages"]
        return list(reversed(found))

    async def rows(self, sql: str, *arguments: object) -> list[Any]:
        return list(await self.deps.db.pool.fetch(sql, *arguments))


def settings_for(app_url: str, shopify_url: str, ringcentral_url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "app_env": "test",
        "shopify_api_key": API_KEY,
        "shopify_api_secret": API_SECRET,
        "shopify_app_url": app_url,
        "encryption_keys": Fernet.generate_key().decode(),
        "ringcentral_client_id": "simulated-client",
        "ringcentral_client_secret": "simulated-secret",
        "ringcentral_server_url": ringcentral_url,
        "operator_token": "operators-only",
        "shopify_simulator_origin": shopify_url,
    }
    return Settings(**{**values, **changes})


@asynccontextmanager
async def open_world(database_url: str, **settings: Any) -> AsyncIterator[World]:
    clock = HeldClock(NOON_IN_NEW_YORK)
    late = LateApp()
    shopify = ShopifySimulator(clock=clock, api_key=API_KEY, api_secret=API_SECRET, app_url="http://127.0.0.1:1")
    ringcentral = RingCentralSimulator(clock=clock)
    async with (
        serve(shopify.app) as shopify_url,
        serve(ringcentral.app) as ringcentral_url,
        _app_with_address(late) as (app_url, ready),
        httpx2.AsyncClient(verify=trusted(), timeout=20, follow_redirects=False) as http,
    ):
        shopify.app_url, ringcentral.url = app_url, ringcentral_url
        configured = settings_for(app_url, shopify_url, ringcentral_url, **settings)
        opened: list[Deps] = []

        @asynccontextmanager
        async def opener() -> AsyncIterator[Deps]:
            async with open_deps(configured, database_url, clock=clock) as deps:
                opened.append(deps)
                yield deps

        async with ready(partial(create_app, opener)):
            shopify.add_shop(SHOP)
            user = ringcentral.add_user()
            ringcentral.add_number(user, SENDER)
            yield World(clock, shopify, ringcentral, opened[0], app_url, ringcentral.issue_jwt(user), http)


@asynccontextmanager
async def _app_with_address(late: LateApp) -> AsyncIterator[tuple[str, Any]]:
    """The app needs its own address in its settings, so the port is taken first and the app starts behind it."""

    @asynccontextmanager
    async def start(factory: Any) -> AsyncIterator[None]:
        app = factory()
        async with app.router.lifespan_context(app) as state:

            async def with_state(scope: Any, receive: Any, send: Any) -> None:
                scope["state"] = dict(state)
                await app(scope, receive, send)

            late.app = with_state
            yield

    async with serve(_without_lifespan(late)) as url:
        yield url, start


def _without_lifespan(app: Any) -> Any:
    async def serve_http(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await app(scope, receive, send)

    return serve_http
