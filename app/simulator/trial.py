"""The trial: PostgreSQL, both simulators, web process and worker, started in order and ended together.

The simulators and the admin frame share this process and its event loop; the app runs as it would in production, as
child processes that know the simulators by their addresses only. PostgreSQL is shared by all of them: should this
process be killed, its children end by themselves and the last of them stops the database.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.config import Settings
from app.core.clock import system_clock
from app.core.embedded_postgres import start_embedded
from app.simulator.children import Children, end_leftovers
from app.simulator.demo_shop import SHOP, furnish_affiliate, furnish_ringcentral, furnish_shopify
from app.simulator.frame import frame_routes
from app.simulator.keepsakes import Secrets
from app.simulator.mailbox import Mailbox
from app.simulator.ports import Ports, check_free, listen
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import ShopifySimulator

READY_SECONDS = 60.0
STEPS = ("PostgreSQL", "tables", "simulated Shopify and RingCentral", "web process and worker")

Report = Callable[[str], None]
"""Called with the name of each of `STEPS` as it begins."""


@dataclass
class Trial:
    ports: Ports
    shopify: ShopifySimulator
    ringcentral: RingCentralSimulator
    children: Children
    jwt: str


class NotReady(Exception):
    """The app was started and does not answer."""


@asynccontextmanager
async def running_trial(folder: Path, ports: Ports, report: Report) -> AsyncIterator[Trial]:
    """Everything up and answering; at the end, everything gone. The caller holds the folder (`exclusive`)."""
    record = folder / "processes.json"
    await asyncio.to_thread(end_leftovers, record)
    async with AsyncExitStack() as stack:
        check_free(ports.app)
        shopify_sockets, ringcentral_sockets = listen(ports.shopify), listen(ports.ringcentral)
        secrets = Secrets(folder)

        report("PostgreSQL")
        database = await asyncio.to_thread(start_embedded, folder)
        stack.push_async_callback(asyncio.to_thread, database.stop)
        mailbox = await stack.enter_async_context(Mailbox().open())
        children = Children(record, folder / "logs", _environment(folder, ports, secrets, mailbox))
        stack.push_async_callback(children.end_all)

        report("tables")
        await children.run("migrate")

        report("simulated Shopify and RingCentral")
        shopify, ringcentral = _worlds(folder, ports, secrets, mailbox)
        await stack.enter_async_context(_serving(shopify.app, shopify_sockets))
        await stack.enter_async_context(_serving(ringcentral.app, ringcentral_sockets))

        report("web process and worker")
        stack.push_async_callback(children.end_all)  # before the simulators go, so that nobody calls into the void
        await children.start("web")
        await children.start("worker")
        await _answering(children, f"{ports.app_url}/readyz")
        yield Trial(ports, shopify, ringcentral, children, secrets.jwt or "")


def _environment(folder: Path, ports: Ports, secrets: Secrets, mailbox: Mailbox) -> dict[str, str]:
    """The environment of the app's processes: nothing that the shell says about an app reaches them."""
    ours = {name.upper() for name in Settings.model_fields}
    inherited = {name: value for name, value in os.environ.items() if name.upper() not in ours}
    direct = ",".join(filter(None, (inherited.get("no_proxy") or inherited.get("NO_PROXY"), "localhost,127.0.0.1")))
    return {
        **inherited,
        "NO_PROXY": direct,  # whoever needs a proxy for the internet has none for their own machine
        "no_proxy": direct,
        **secrets.environment(),
        "APP_ENV": "trial",
        "DATA_DIR": os.fspath(folder),
        "PORT": str(ports.app),
        "SHOPIFY_APP_URL": ports.app_url,
        "SHOPIFY_SIMULATOR_ORIGIN": ports.shopify_url,
        "SHOPIFY_CDN_ORIGIN": ports.shopify_url,
        "RINGCENTRAL_SERVER_URL": ports.ringcentral_url,
        "RINGCENTRAL_CLIENT_ID": "simulated-client",
        "RINGCENTRAL_CLIENT_SECRET": "simulated-secret",
        "SMTP_URL": mailbox.url,
        "MAIL_FROM": "texts@demo-store.example",
        "PYTHONUNBUFFERED": "1",
    }


def _worlds(
    folder: Path, ports: Ports, secrets: Secrets, mailbox: Mailbox
) -> tuple[ShopifySimulator, RingCentralSimulator]:
    """Both simulators as they were left, or furnished for the first time; the admin frame on Shopify's port."""
    shopify = ShopifySimulator(
        clock=system_clock,
        api_key=secrets["SHOPIFY_API_KEY"],
        api_secret=secrets["SHOPIFY_API_SECRET"],
        app_url=ports.app_url,
        state_path=folder / "shopify.json",
    )
    ringcentral = RingCentralSimulator(
        clock=system_clock, state_path=folder / "ringcentral.json", url=ports.ringcentral_url
    )
    furnish_shopify(shopify)
    shopify.install(SHOP)
    if secrets.jwt is None:
        secrets.jwt = furnish_ringcentral(ringcentral)
    furnish_affiliate(ringcentral)
    shopify.pages = Starlette(routes=frame_routes(shopify, ringcentral, lambda: ports.app_url, mailbox))
    return shopify, ringcentral


class _Server(uvicorn.Server):
    """One of several in a process: signals are the trial's own business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _serving(app: ASGIApp, sockets: list[socket.socket]) -> AsyncIterator[None]:
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=sockets))
    try:
        while not server.started:
            if task.done():
                raise NotReady("A simulator did not start.") from task.exception()
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        for taken in sockets:
            taken.close()


async def _answering(children: Children, url: str) -> None:
    """Wait until the app says it is ready; fail at once when one of its processes ends instead."""
    watching = asyncio.create_task(children.watch())
    asking = asyncio.create_task(_ask_until_ready(url))
    try:
        done, _ = await asyncio.wait((watching, asking), timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise NotReady(
                f"The app did not become ready within {READY_SECONDS:.0f} seconds. Its logs: {children.logs}"
            )
        for task in done:
            await task
    finally:
        for task in (watching, asking):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _ask_until_ready(url: str) -> None:
    async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Ctrl-C, a polite kill and a closed terminal cancel the current task; a second one does not disturb the end."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    ending = False

    def end() -> None:
        nonlocal ending
        if not ending:
            ending = True
            task.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
