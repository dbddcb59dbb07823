"""How long the server takes for each page of a shop with a long log: `bench pages [--messages 1000000]`.

The routes, the database, the rendering and the token check are the real ones, called in this process, so that no
network and no other client stands between the clock and the page. The log is made of rows like those of a real shop:
90 days, encrypted phones and texts, four customers who wrote back an hour; 50,000 opt-outs; 500 affiliates with 100,000
orders (`pages_rows.py`). Shopify answers at once and knows nobody. It ends with 1 if a page's p95 is too slow.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import jwt
import msgspec
from cryptography.fernet import Fernet
from rich.table import Table
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from app.admin.routes import admin_routes
from app.config import Settings
from app.connect.queries.accounts import get_account
from app.connect.tokens import SESSION, issue
from app.core.clock import HeldClock
from app.core.embedded_postgres import start_embedded
from app.core.memory import settle_memory
from app.core.migrations import upgrade
from app.deps import Deps
from app.hosted.routes import hosted_routes
from app.messages.conversations import key_of
from app.simulator.bench.pages_rows import ACCOUNTS, OPT_OUTS, ORDERS, SHOP, furnish
from app.simulator.bench.report_console import report_console
from app.simulator.bench.sending_stage import served
from app.simulator.ports import Ports
from app.wiring import open_deps

console = report_console()
KEY, SECRET = "0123456789abcdef0123456789abcdef", "the-client-secret-of-the-benchmark"
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
LIMIT_MS = 60.0
NOBODY = msgspec.json.encode({"data": {"customers": {"nodes": []}, "orders": {"nodes": []}}})


@dataclass(frozen=True)
class Page:
    """*form*: what is posted to a page of the hosted part; pages in the admin are got with a session token."""

    path: str
    form: dict[str, str] | None = None


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="bench pages")
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=40)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder), fast=True) as server:
            upgrade(server.url)
            return asyncio.run(_measure(server.url, given.messages, given.rounds))


async def _measure(database_url: str, messages: int, rounds: int) -> int:
    ports = Ports.free()
    settings = Settings(
        app_env="test",
        shopify_api_key=KEY,
        shopify_api_secret=SECRET,
        shopify_app_url="http://127.0.0.1:1",
        shopify_simulator_origin=f"http://127.0.0.1:{ports.shopify}",
        encryption_keys=Fernet.generate_key().decode(),
    )
    async with (
        open_deps(settings, database_url, clock=HeldClock(NOW)) as deps,
        served(shopify_that_knows_nobody, ports.shopify),
    ):
        with console.status(f"Writing {messages:,} messages, {OPT_OUTS:,} opt-outs, {ORDERS:,} Connect orders…"):
            visit = await furnish(deps, NOW, messages)
        app = _with_deps(Starlette(routes=[*hosted_routes(), *admin_routes()]), deps)
        settle_memory()  # as the web process does
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            pages = {**_pages(messages), **await _hosted_pages(deps, visit)}
            measured = {name: await _time(client, page, rounds) for name, page in pages.items()}
    return _report(measured, messages)


async def shopify_that_knows_nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """In place of Shopify, which is not what is measured: answers every question at once, with nothing."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": NOBODY})


def _pages(messages: int) -> dict[str, Page]:
    middle = messages // 2
    conversation = key_of(bytes.fromhex("cfcd208495d565ef66e7dff9f98764da"))  # of the customer with number 0
    paths = {
        "Home": "/",
        "Templates": "/templates",
        "Template": "/templates/order_confirmed",
        "History": "/templates/order_confirmed/history",
        "Messages": "/messages",
        "Messages, far back": f"/messages?before={middle}",
        "Messages, failed": "/messages?status=failed,expired",
        "Messages, on their way": "/messages?status=accepted,sent,unknown",
        "Messages, one order": f"/messages?q=%23{middle}",
        "Messages, one phone": "/messages?q=%2B12125550123",
        "Messages, words": "/messages?q=lovelace",
        "Messages, no such words": "/messages?q=nobody",
        "Message": f"/messages/{middle}",
        "Conversations": "/messages/conversations",
        "Conversation": f"/messages/conversations/{conversation}",
        "Consent": "/consent",
        "Analytics, 30 days": "/analytics",
        "Analytics, 90 days": "/analytics?days=90",
        "Settings": "/settings",
        "Connection": "/settings/connection",
        "Diagnostics": "/settings/diagnostics",
        "Connect": "/connect",
        "Connect, far back": f"/connect?after={ACCOUNTS // 2}",
        "Connect, its page": "/connect/page",
        "Account, the largest": "/connect/accounts/1",
        "Account": "/connect/accounts/250",
        "Account, a text": "/connect/accounts/250/texts/connect_order_paid",
        "Attribution": "/connect/attribution",
        "Import history": "/connect/history",
        "API keys": "/connect/keys",
        "Webhooks": "/connect/webhooks",
        "API calls": "/connect/requests",
    }
    return {name: Page(path) for name, path in paths.items()}


async def _hosted_pages(deps: Deps, visit: int) -> dict[str, Page]:
    """Of the account with the most orders and texts."""
    async with deps.db.transaction() as session:
        account = await get_account(session, 1, 1)
    form = {"session": issue(deps.vault, SESSION, account, NOW, row=visit)}
    names = ("home", "messages", "orders", "customers", "number", "texts", "settings")
    return {f"Own page: {name}": Page(f"/c/bench/{name}", form) for name in names}


async def _time(client: httpx2.AsyncClient, page: Page, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round after three to warm up, and those of them in which this process computed: on a busy
    machine only the latter, which leave PostgreSQL out, say much."""
    taken, computed = [], []
    for turn in range(rounds + 3):
        token = {"Authorization": f"Bearer {_token()}"}
        begin, cpu = time.perf_counter(), time.process_time()
        if page.form is not None:
            answer = await client.post(page.path, data=page.form)
        else:
            answer = await client.get(page.path, headers=token)
        if turn >= 3:
            taken.append((time.perf_counter() - begin) * 1000)
            computed.append((time.process_time() - cpu) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{page.path} answered {answer.status_code}")
    return taken, computed


def _token() -> str:
    moment = int(NOW.timestamp())
    claims = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": KEY,
        "sub": "1",
        "exp": moment + 60,
        "nbf": moment,
        "iat": moment,
        "jti": "bench",
        "sid": "bench",
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


def _report(measured: dict[str, tuple[list[float], list[float]]], messages: int) -> int:
    table = Table(title=f"Server time of each page in milliseconds, {messages:,} messages in the log")
    for name in ("page", "p50", "p95", "slowest", "CPU p50"):
        table.add_column(name, justify="left" if name == "page" else "right")
    slow = []
    for name, (taken, computed) in measured.items():
        p95 = statistics.quantiles(taken, n=20)[-1]
        table.add_row(
            name,
            f"{statistics.median(taken):.1f}",
            f"{p95:.1f}",
            f"{max(taken):.1f}",
            f"{statistics.median(computed):.1f}",
        )
        if p95 > LIMIT_MS:
            slow.append(name)
    console.print(table)
    console.print(f"Slower than {LIMIT_MS:.0f} ms: {', '.join(slow)}" if slow else f"All within {LIMIT_MS:.0f} ms.")
    return 1 if slow else 0


def _with_deps(app: Starlette, deps: Deps) -> ASGIApp:
    """In place of the lifespan that the web process runs."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"deps": deps}
        await app(scope, receive, send)

    return call


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
