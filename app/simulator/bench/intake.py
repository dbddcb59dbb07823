"""How many webhooks one web process takes, durably and once each, and what that costs.

Routes of one server are measured in turn, round by round, on one embedded PostgreSQL with durability on: ours, two
that only check the HMAC, and a plain Starlette + SQLAlchemy insert. Only the ratios travel to other machines. CPU
used by anybody else meanwhile is shown, because a busy machine spoils every figure: compare quiet runs only.
"""

import argparse
import asyncio
import base64
import hmac
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path

import asyncpg
import psutil
import uvloop
from rich.progress import Progress
from rich.table import Table

from app.core.clock import HeldClock
from app.core.db import Database
from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from app.simulator.bench.http_load import run_load
from app.simulator.bench.intake_server import SECRET
from app.simulator.bench.report_console import report_console
from app.simulator.bench.sending_stage import Stage, make_stage
from app.simulator.shopify.orders import placed
from app.simulator.shopify.server import ShopifySimulator
from app.simulator.shopify.state import Customer
from app.simulator.shopify.webhooks import encode

console = report_console()
ROUTES = {
    "ours": "/webhooks/shopify",
    "HMAC only": "/hmac",
    "HMAC only, bare ASGI": "/hmac-bare",
    "plain insert": "/plain",
}
SHOPS = 50
ORDER_BYTES = 10_000
QUIET = 0.35
STEADY = 667.0
"""All of Shopify's orders at its peak of 2025, in a second."""


@dataclass(frozen=True)
class Cell:
    route: str
    connections: int
    rate: float | None = None


@dataclass(frozen=True)
class Figures:
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_us: float
    database_cpu_us: float
    rss_mb: float
    others: float


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder)) as server:
            upgrade(server.url)
            with _server_with_all_routes(server.url) as (port, process):
                results = uvloop.run(_measure(server.url, port, process, options))
            memory = uvloop.run(_memory_of_web(make_stage(server.url, Path(folder)), options.seconds))
    _print(results)
    console.print(f"The web process as it is in production: {memory[0]:.0f} MB at rest, at most {memory[1]:.0f} MB.")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench intake", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many is shown (default 3)")
    parser.add_argument("--connections", default="1,64,200")
    parser.add_argument("--routes", default=";".join(ROUTES), help="; between: ours, HMAC only, …")
    return parser.parse_args(arguments)


async def _measure(
    url: str, port: int, process: psutil.Process, options: argparse.Namespace
) -> dict[Cell, list[Figures]]:
    await _add_shops(url)
    routes = options.routes.split(";")
    cells = [Cell(route, int(number)) for number in options.connections.split(",") for route in routes]
    cells += [Cell("ours", 64, STEADY)] if "ours" in routes else []
    results: dict[Cell, list[Figures]] = {cell: [] for cell in cells}
    requests = _requests(port, [_signed(body, shop) for shop, body in await _orders()])
    database = await _postmaster(url)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Measuring", total=options.rounds * len(cells))
        for _ in range(options.rounds):
            for cell in cells:
                progress.update(task, description=f"{cell.route}, {cell.connections} connections")
                results[cell].append(await _run(cell, port, process, database, requests[cell.route], options.seconds))
                await _empty(url)
                progress.advance(task)
    return results


async def _run(
    cell: Cell,
    port: int,
    process: psutil.Process,
    postmaster: psutil.Process,
    next_request: Callable[[], Sequence[bytes]],
    seconds: float,
) -> Figures:
    before, database_before, all_before = _cpu(process), _family_cpu(postmaster), _machine_cpu()
    own_before = sum(os.times()[:2])
    load = await run_load(port, next_request, connections=cell.connections, seconds=seconds, rate=cell.rate)
    # The second of warming up is in both the CPU and, by the same speed, in the number of requests.
    requests = max(load.per_second * (load.seconds + 1.0), 1.0)
    used, database = _cpu(process) - before, _family_cpu(postmaster) - database_before
    others = _machine_cpu() - all_before - used - database - (sum(os.times()[:2]) - own_before)
    return Figures(
        per_second=load.per_second,
        p50_ms=load.percentile(0.5) * 1000,
        p99_ms=load.percentile(0.99) * 1000,
        errors=load.errors,
        cpu_us=used / requests * 1e6,
        database_cpu_us=database / requests * 1e6,
        rss_mb=process.memory_info().rss / 2**20,
        others=max(others, 0.0) / (load.seconds + 1.0),
    )


def _print(results: dict[Cell, list[Figures]]) -> None:
    table = Table("Route", "Connections", "Requests/s", "of HMAC only", "p50 ms", "p99 ms", "Errors")
    for title in ("Server CPU µs", "Database CPU µs", "RSS MB", "Others' CPU", "Quiet rounds"):
        table.add_column(title, justify="right")
    for cell, rounds in results.items():
        quiet = [each for each in rounds if each.others <= QUIET] or rounds
        middle = {
            name: statistics.median(getattr(each, name) for each in quiet)
            for name in ("per_second", "p50_ms", "p99_ms", "cpu_us", "database_cpu_us", "rss_mb", "others")
        }
        ratio = _ratio(rounds, results.get(Cell("HMAC only", cell.connections), []))
        table.add_row(
            cell.route + (f" at {cell.rate:.0f}/s" if cell.rate else ""),
            str(cell.connections),
            f"{middle['per_second']:,.0f}",
            f"{ratio:.0%}" if ratio is not None and cell.rate is None else "",
            f"{middle['p50_ms']:.1f}",
            f"{middle['p99_ms']:.1f}",
            str(sum(each.errors for each in rounds)),
            f"{middle['cpu_us']:.0f}",
            f"{middle['database_cpu_us']:.0f}",
            f"{middle['rss_mb']:.0f}",
            f"{middle['others']:.2f}",
            f"{sum(each.others <= QUIET for each in rounds)} of {len(rounds)}",
        )
    console.print(table)
    console.print(
        f"Orders of {ORDER_BYTES / 1000:.0f} kB. Medians of the quiet rounds (others below {QUIET} cores), or of all "
        "where none was quiet. Ratios are taken within a round."
    )


def _ratio(rounds: list[Figures], proofs: list[Figures]) -> float | None:
    pairs = list(zip(rounds, proofs, strict=False))
    quiet = [pair for pair in pairs if all(each.others <= QUIET for each in pair)] or pairs
    return statistics.median(ours.per_second / best.per_second for ours, best in quiet) if quiet else None


def _requests(port: int, prepared: list[tuple[bytes, bytes]]) -> dict[str, Callable[[], Sequence[bytes]]]:
    """For each route a source of requests that differ in body, shop and webhook id; signed beforehand."""
    numbers = count()

    def source(path: str) -> Callable[[], Sequence[bytes]]:
        start = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode()
        orders = cycle([(start + headers, body) for headers, body in prepared])

        def next_request() -> Sequence[bytes]:
            headers, body = next(orders)
            return (headers, b"X-Shopify-Webhook-Id: %032d\r\n\r\n" % next(numbers), body)

        return next_request

    return {name: source(path) for name, path in ROUTES.items()}


def _signed(body: bytes, shop: str) -> tuple[bytes, bytes]:
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "Shopify-Captain-Hook",
        "Accept": "*/*",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "X-Shopify-Triggered-At": "2026-11-22T10:00:00.123456789Z",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode(), body


async def _orders() -> list[tuple[str, bytes]]:
    """Four orders for each of the shops, as the simulated Shopify tells of them, of about 10 kB."""
    clock = HeldClock(datetime(2026, 11, 22, 10, tzinfo=UTC))
    simulator = ShopifySimulator(clock=clock, api_key="bench", api_secret=SECRET, app_url="http://127.0.0.1")
    orders = []
    for shop_number in range(SHOPS):
        shop = simulator.add_shop(_domain(shop_number))
        customer = simulator.add_customer(shop.domain)
        orders += [(shop.domain, await _order(simulator, shop.domain, customer)) for _ in range(4)]
    return orders


async def _memory_of_web(stage: Stage, seconds: float) -> tuple[float, float]:
    """At rest, and at most while webhooks come over 64 connections: its pages, API and libraries are all in it."""
    stage.environment["SHOPIFY_API_SECRET"] = SECRET
    await _execute(stage.database_url, "DELETE FROM vault_secrets")  # sealed by the keys of the server before
    requests = _requests(stage.ports.app, [_signed(body, shop) for shop, body in await _orders()])["ours"]
    with stage.process("web") as web:
        await stage.until_answers()
        web.look()
        at_rest = web.rss_mb
        load = asyncio.create_task(run_load(stage.ports.app, requests, connections=64, seconds=seconds))
        while not load.done():
            web.look()
            await asyncio.sleep(0.1)
        if (await load).errors:
            raise RuntimeError("The web process refused webhooks, so its memory under load is not known.")
    return at_rest, web.rss_mb


async def _order(simulator: ShopifySimulator, domain: str, customer: Customer) -> bytes:
    body, items = b"", 1
    while len(body) < ORDER_BYTES:
        titles = [{"title": f"Article {n}", "price": f"{10 + n}.50", "sku": f"A-{n}"} for n in range(items)]
        order = await simulator.place_order(domain, customer, items=titles)
        body = encode(placed(simulator.shops[domain], order)["orders/create"])
        items += 1
    return body


async def _add_shops(url: str) -> None:
    connection = await asyncpg.connect(Database(url).dsn)
    await connection.executemany(
        "INSERT INTO shops (domain, created_at, installed_at) VALUES ($1, now(), now())",
        [(_domain(number),) for number in range(SHOPS)],
    )
    await connection.close()


async def _empty(url: str) -> None:
    """Every measurement begins with empty tables."""
    await _execute(url, "TRUNCATE deliveries, bench_plain_deliveries", "CHECKPOINT")


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(Database(url).dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def _domain(number: int) -> str:
    return f"bench-{number}.myshopify.com"


@contextmanager
def _server_with_all_routes(url: str) -> Iterator[tuple[int, psutil.Process]]:
    command = [sys.executable, "-m", "app.simulator.bench.intake_server", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603  # our own program
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            if not line.strip().isdigit():
                raise RuntimeError("The server to be measured did not start.")
            yield int(line), psutil.Process(child.pid)
        finally:
            child.terminate()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _postmaster(url: str) -> psutil.Process:
    connection = await asyncpg.connect(Database(url).dsn)
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    postmaster = backend.parent()
    await connection.close()
    assert postmaster is not None
    return postmaster


def _family_cpu(postmaster: psutil.Process) -> float:
    """The server's processes that live now: connections are kept, so none of those that work is missed."""
    total = 0.0
    for process in [postmaster, *postmaster.children()]:
        with suppress(psutil.NoSuchProcess):
            total += _cpu(process)
    return total


def _machine_cpu() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + getattr(times, "softirq", 0.0))
