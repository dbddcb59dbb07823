"""How long an order takes from its webhook to the call at RingCentral on an idle system: `bench latency`.

The simulated Shopify sends the signed webhook to a web process; a worker process takes it up, asks the simulated
Shopify for fresh facts, and calls the simulated RingCentral, which answers at once. Nothing is shortened: the webhook
is stored and answered, made a job, checked at the gate and fenced. The clock runs from the moment in which Shopify
begins to make the order to the moment in which RingCentral takes the text over.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

import psutil
import uvloop
from rich.progress import Progress
from rich.table import Table

from app.core.clock import system_clock
from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from app.simulator.bench.report_console import report_console
from app.simulator.bench.sending_stage import API_KEY, API_SECRET, Stage, make_stage, served
from app.simulator.merchant import Merchant
from app.simulator.shopify import Customer, ShopifySimulator

console = report_console()
SHOP, SENDER = "bench.myshopify.com", "+16505550100"
WARM_UP = 5
NO_LIMIT = 1_000_000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench latency", description=__doc__)
    parser.add_argument("--orders", type=int, default=100)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder) / "database") as server:
            upgrade(server.url)
            return uvloop.run(_measure(make_stage(server.url, Path(folder)), options.orders))


async def _measure(stage: Stage, orders: int) -> int:
    shopify = ShopifySimulator(clock=system_clock, api_key=API_KEY, api_secret=API_SECRET, app_url=stage.ports.app_url)
    stage.ringcentral.use_limits(medium=NO_LIMIT, light=NO_LIMIT, auth=NO_LIMIT)
    async with (
        served(shopify.app, stage.ports.shopify),
        served(stage.ringcentral.app, stage.ports.ringcentral),
    ):
        with stage.process("web"), stage.process("worker"):
            await stage.until_logged("worker", "worker.started")
            await stage.until_answers()
            await _set_up(stage, shopify)
            busy, begin = psutil.cpu_percent(), time.perf_counter()
            taken = await _order_again_and_again(stage, shopify, orders)
            busy = psutil.cpu_percent()
    _report(taken[WARM_UP:], time.perf_counter() - begin, busy)
    return 0


async def _set_up(stage: Stage, shopify: ShopifySimulator) -> None:
    """As a merchant does it: open the app, paste a JWT, choose a number."""
    shopify.add_shop(SHOP, plan="Plus")
    shopify.install(SHOP)
    user = stage.ringcentral.add_user()
    stage.ringcentral.add_number(user, SENDER)
    async with Merchant(shopify, SHOP, stage.ports.app_url) as merchant:
        await merchant.open_app("/")
        await merchant.put("/api/admin/connection", {"jwt": stage.ringcentral.issue_jwt(user)})
        await merchant.put("/api/admin/connection/number", {"phone_number": SENDER})
        await merchant.put("/api/admin/settings", {"quiet_hours": {"enabled": False}})
    async with asyncio.timeout(30):
        while not any(  # noqa: ASYNC110  # another process
            each.topic == "orders/create" for each in shopify.shops[SHOP].subscriptions.values()
        ):
            await asyncio.sleep(0.05)


async def _order_again_and_again(stage: Stage, shopify: ShopifySimulator, orders: int) -> list[float]:
    """Milliseconds of each order; the next is placed when the one before has arrived and the system is idle again."""
    taken = []
    with Progress(console=console, transient=True) as progress:
        for number in progress.track(range(orders + WARM_UP), description="Ordering"):
            phone = f"+1212555{100 + number:04d}"
            customer: Customer = shopify.add_customer(SHOP, first_name="Ada", phone=phone, consent="SUBSCRIBED")
            await asyncio.sleep(random.uniform(0.2, 0.5))  # noqa: S311  # a pause, not a secret
            begin = time.perf_counter()
            await shopify.place_order(SHOP, customer)
            async with asyncio.timeout(30):
                while phone not in stage.ringcentral.arrived:  # noqa: ASYNC110  # another process sends it
                    await asyncio.sleep(0.002)
            taken.append((stage.ringcentral.arrived[phone] - begin) * 1000)
    return taken


def _report(taken: list[float], seconds: float, busy: float) -> None:
    table = Table("Order to RingCentral call", "Measured", "Aim", title=f"{len(taken)} orders in {seconds:.0f} s")
    table.add_row("p50", f"{statistics.median(taken):.0f} ms", "≤ 100 ms")
    table.add_row("p99", f"{statistics.quantiles(taken, n=100)[98]:.0f} ms", "≤ 500 ms")
    table.add_row("slowest", f"{max(taken):.0f} ms", "")
    table.add_row("This machine, all programs", f"{busy:.0f} % busy", "")
    console.print(table)
