"""The app as it runs in production, in processes of its own that can be killed: a web process and workers on a real
PostgreSQL that can be restarted, with Shopify and RingCentral simulated in the test's process on the real clock.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import uvicorn
from cryptography.fernet import Fernet

from app.core import embedded_postgres
from app.core.clock import system_clock
from app.core.db import Database
from app.core.migrations import upgrade
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import Customer, Order, ShopifySimulator
from tests.ports import free_ports
from tests.simulator.serving import Loopback
from tests.world import API_KEY, API_SECRET, SENDER, SHOP

OPEN = {"queued", "sending", "unknown"}
AREA_CODES = ("212", "415", "305", "312", "617")


class Served:
    """A simulator on a fixed port, which can go away and come back."""

    def __init__(self, app: Any, port: int) -> None:
        self._app, self._port = app, port
        self._server: Loopback | None = None
        self._task: asyncio.Task[None] | None = None

    async def up(self) -> None:
        config = uvicorn.Config(
            self._app, host="127.0.0.1", port=self._port, log_level="critical", timeout_graceful_shutdown=1
        )
        self._server = Loopback(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110  # the flag is uvicorn's own
            await asyncio.sleep(0.01)

    async def down(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task


@dataclass
class Machines:
    folder: Path
    postgres: embedded_postgres.EmbeddedPostgres
    shopify: ShopifySimulator
    ringcentral: RingCentralSimulator
    ringcentral_server: Served
    app_url: str
    environment: dict[str, str]
    http: httpx2.AsyncClient
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)

    # --- processes ---

    async def start(self, name: str) -> None:
        """*name*: web, worker-1, worker-2."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app",
                name.partition("-")[0],
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def kill(self, name: str) -> None:
        process = self.running[name]
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()

    async def restart(self, name: str) -> None:
        await self.kill(name)
        await self.start(name)

    async def end_all(self) -> None:
        for process in self.running.values():
            if process.returncode is None:
                process.terminate()
        for name, process in self.running.items():
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                await self.kill(name)

    async def is_up(self) -> bool:
        with suppress(httpx2.TransportError):
            return (await self.http.get(f"{self.app_url}/readyz", timeout=2)).status_code == 200
        return False

    async def wait_until_up(self) -> None:
        async with asyncio.timeout(60):
            while not await self.is_up():  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.1)

    async def restart_postgres(self, *, crash: bool) -> None:
        """*crash*: as after a power cut; it recovers from its log."""
        place = self.postgres._place
        mode = "immediate" if crash else "fast"
        stop: list[str | Path] = [place.programs / "pg_ctl", "-D", place.data, "-m", mode, "-w", "-t", "20", "stop"]
        await asyncio.to_thread(place.runner.run, stop)
        await asyncio.to_thread(embedded_postgres._ensure_running, place, fast=False)

    # --- the merchant and the customers ---

    async def set_up_shop(self) -> None:
        """Installed, connected, all waiting done."""
        self.shopify.add_shop(SHOP, plan="Plus")
        self.shopify.install(SHOP)
        user = self.ringcentral.add_user()
        self.ringcentral.add_number(user, SENDER)
        page = await self.http.get(f"{self.app_url}/?{self.shopify.document_query(SHOP, '/')}")
        assert page.status_code == 200, page.text
        for path, body in (
            ("/connection", {"jwt": self.ringcentral.issue_jwt(user)}),
            ("/connection/number", {"phone_number": SENDER}),
        ):
            answer = await self.http.put(
                f"{self.app_url}/api/admin{path}",
                headers={"Authorization": f"Bearer {self.shopify.id_token(SHOP)}", "Content-Type": "application/json"},
                content=json.dumps(body).encode(),
            )
            assert answer.status_code == 200, answer.text
        async with asyncio.timeout(30):
            while not any(  # noqa: ASYNC110  # another process
                each.topic == "orders/create" for each in self.shopify.shops[SHOP].subscriptions.values()
            ):
                await asyncio.sleep(0.1)

    def customers(self, count: int) -> list[Customer]:
        """Each with a phone of their own."""
        phones = (f"+1{area}555{line:04d}" for line in range(100, 10_000) for area in AREA_CODES)
        return [
            self.shopify.add_customer(SHOP, first_name=f"Customer{number}", phone=next(phones), consent="SUBSCRIBED")
            for number in range(count)
        ]

    async def place_orders(self, customers: list[Customer], *, side_by_side: int = 4) -> None:
        """An order of each. Shopify keeps what the app did not take and repeats it, as it does."""
        waiting = iter(customers)

        async def one_after_the_other() -> None:
            for customer in waiting:
                while not await self.is_up():  # noqa: ASYNC110  # another process
                    await asyncio.sleep(0.1)
                self.orders.append(await self.shopify.place_order(SHOP, customer))

        await asyncio.gather(*(one_after_the_other() for _ in range(side_by_side)))
        await self.repeat_webhooks()

    async def repeat_webhooks(self) -> None:
        """Until the app has taken everything, without the hours that Shopify would let pass."""
        async with asyncio.timeout(60):
            while any(each.outcome == "failed" for each in self.shopify.deliveries):
                await self.wait_until_up()
                await self.shopify.retry_webhooks()

    # --- what came of it ---

    def texts(self) -> Counter[str]:
        """How many confirmations each phone was sent."""
        return Counter(each["to"] for each in self.ringcentral.sent)

    async def states(self) -> Counter[str]:
        connection = await asyncpg.connect(Database(self.postgres.url).dsn)
        try:
            rows = await connection.fetch("SELECT state, count(*) AS count FROM messages GROUP BY state")
            return Counter({row["state"]: row["count"] for row in rows})
        finally:
            await connection.close()

    async def wait_until_settled(self, count: int, seconds: float) -> None:
        """Until *count* messages exist and none is open any more."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    with suppress(OSError, asyncpg.PostgresError):
                        states = await self.states()
                        if states.total() >= count and not OPEN & set(states):
                            return
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise AssertionError(f"not settled after {seconds:.0f} s: {await self.diagnosis()}") from None

    async def assert_one_text_each(self, customers: list[Customer]) -> None:
        states, texts = await self.states(), self.texts()
        assert states.total() == len(customers), states
        wrong = {phone: count for phone, count in texts.items() if count != 1}
        missing = [customer.phone for customer in customers if customer.phone not in texts]
        assert (wrong, missing) == ({}, []), f"{states}; {await self.diagnosis()}"
        assert set(states) <= {"accepted", "sent", "delivered"}, states

    async def diagnosis(self) -> str:
        """Where everything is, for whoever reads a failure."""
        connection = await asyncpg.connect(Database(self.postgres.url).dsn)
        try:
            found = [
                f"{name}: {dict(await connection.fetch(f'SELECT {column}::text, count(*) FROM {table} GROUP BY 1'))}"
                for name, table, column in (
                    ("messages", "messages", "state"),
                    ("webhook calls", "deliveries", "state"),
                    ("jobs", "pgqueuer", "status"),
                )
            ]
        finally:
            await connection.close()
        sent = Counter(each.outcome for each in self.shopify.deliveries if each.topic == "orders/create")
        errors = [
            line[:300]
            for name in self.running
            for line in (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
            if "[error" in line or "Error" in line
        ]
        return "; ".join([*found, f"Shopify: {dict(sent)}, {len(self.orders)} orders", *errors[-12:]])


@asynccontextmanager
async def open_machines(folder: Path, *, workers: int = 2, **settings: str) -> AsyncIterator[Machines]:
    """Everything up; at the end everything gone. *settings*: of the environment, besides the usual ones."""
    folder.chmod(0o755)  # noqa: ASYNC240  # as root PostgreSQL runs as a user of its own and has to reach its data
    async with AsyncExitStack() as stack:
        postgres = await asyncio.to_thread(embedded_postgres.start_embedded, folder / "database")
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        await asyncio.to_thread(upgrade, postgres.url)
        ports = free_ports()
        shopify = ShopifySimulator(clock=system_clock, api_key=API_KEY, api_secret=API_SECRET, app_url=ports.app_url)
        ringcentral = RingCentralSimulator(clock=system_clock, url=ports.ringcentral_url)
        shopify_server, ringcentral_server = (
            Served(shopify.app, ports.shopify),
            Served(ringcentral.app, ports.ringcentral),
        )
        for server in (shopify_server, ringcentral_server):
            await server.up()
            stack.push_async_callback(server.down)
        environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")},
            "APP_ENV": "test",
            "DATABASE_URL": postgres.url,
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "PORT": str(ports.app),
            "SHOPIFY_API_KEY": API_KEY,
            "SHOPIFY_API_SECRET": API_SECRET,
            "SHOPIFY_APP_URL": ports.app_url,
            "SHOPIFY_SIMULATOR_ORIGIN": f"http://127.0.0.1:{ports.shopify}",
            "RINGCENTRAL_SERVER_URL": ports.ringcentral_url,
            "RINGCENTRAL_CLIENT_ID": "simulated-client",
            "RINGCENTRAL_CLIENT_SECRET": "simulated-secret",
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=20, trust_env=False))
        machines = Machines(
            folder, postgres, shopify, ringcentral, ringcentral_server, ports.app_url, environment, http
        )
        stack.push_async_callback(machines.end_all)
        await machines.start("web")
        for number in range(1, workers + 1):
            await machines.start(f"worker-{number}")
        await machines.wait_until_up()
        yield machines
