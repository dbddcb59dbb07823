"""How long the server takes for each page of a shop with a long log: `bench pages [--messages 1000000]`.

The routes, the database, the rendering and the token check are the real ones, called in this process, so that no
network and no other client stands between the clock and the page. The log is made of rows like those of a real shop:
90 days, encrypted phones and texts, four customers who wrote back an hour. It ends with 1 if a page's p95 is too slow.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
from cryptography.fernet import Fernet
from rich.table import Table
from starlette.applications import Starlette

from app.admin.routes import admin_routes
from app.config import Settings
from app.core.clock import HeldClock
from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from app.deps import Deps
from app.messages.conversations import key_of
from app.messages.days import keep_finished_days
from app.shops.queries import get_shop
from app.simulator.bench.report_console import report_console
from app.wiring import open_deps

console = report_console()
SHOP, KEY, SECRET = "bench.myshopify.com", "0123456789abcdef0123456789abcdef", "the-client-secret-of-the-benchmark"
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
LIMIT_MS = 60.0
PHONE = "+12125550123"
SHOP_ROW = """
INSERT INTO shops (domain, name, timezone, installed_at, facts_read_at, created_at, access_token_encrypted,
                   access_expires_at, scopes)
VALUES ($1, 'Bench', 'America/New_York', $2::timestamptz, $2, $2, $3, $2::timestamptz + interval '150 days',
        'read_orders,write_customers')
"""
MESSAGES = """
INSERT INTO messages (shop_id, kind, subject, state, reason_code, reason, order_id, order_name, phone_encrypted,
                      phone_hash, text_encrypted, locale, segments, event_at, created_at, due_at, sent_at,
                      delivered_at, updated_at)
SELECT 1, CASE WHEN n % 3 = 0 THEN 'order_fulfilled' ELSE 'order_confirmed' END, n::text,
       CASE WHEN n % 97 = 0 THEN 'failed' WHEN n % 31 = 0 THEN 'skipped' WHEN n > $2::bigint - 300 THEN 'accepted'
            ELSE 'delivered' END,
       CASE WHEN n % 97 = 0 THEN 'SMS-CAR-411' END, CASE WHEN n % 97 = 0 THEN 'The phone could not be reached.' END,
       n::text, '#' || n, $3, decode(md5((n % 50000)::text), 'hex'), $4, CASE WHEN n % 6 = 0 THEN 'es' ELSE 'en' END,
       1 + n % 2, t, t, t, t, t, t
FROM (SELECT n, $1::timestamptz - ($2::bigint - n) * (interval '90 days' / $2::bigint) AS t
      FROM generate_series(1, $2::bigint) AS n) AS made
"""
REPLIES = """
INSERT INTO inbound_messages (shop_id, sender_id, provider_message_id, phone_encrypted, phone_hash, text_encrypted,
                              meaning, rule, received_at, handled_at, read_at)
SELECT 1, 1, n::text, $2, decode(md5((n % 3000)::text), 'hex'), $3, 'other', '', t, t, CASE WHEN n % 50 > 0 THEN t END
FROM (SELECT n, $1::timestamptz - (8640 - n) * interval '15 minutes' AS t FROM generate_series(1, 8640) AS n) m
"""
SENDER = """
INSERT INTO senders (shop_id, phone_number, state, created_at) VALUES (1, '+16505550100', 'ready', $1)
"""


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
    settings = Settings(
        app_env="test",
        shopify_api_key=KEY,
        shopify_api_secret=SECRET,
        shopify_app_url="http://127.0.0.1:1",
        encryption_keys=Fernet.generate_key().decode(),
    )
    async with open_deps(settings, database_url, clock=HeldClock(NOW)) as deps:
        with console.status(f"Writing {messages:,} messages…"):
            await _furnish(deps, messages)
        app = _with_deps(Starlette(routes=admin_routes()), deps)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            measured = {name: await _time(client, path, rounds) for name, path in _pages(deps, messages).items()}
    return _report(measured, messages)


async def _furnish(deps: Deps, messages: int) -> None:
    pool, seal = deps.db.pool, deps.vault.encrypt
    text = "Hi Ada Lovelace, your Demo Store order #1001 has been confirmed. Details: [order status link] Reply STOP"
    await pool.execute(SHOP_ROW, SHOP, NOW - timedelta(days=120), seal("token"))
    await pool.execute(SENDER, NOW)
    async with pool.acquire() as connection:
        await connection.execute(MESSAGES, NOW, messages, seal(PHONE), seal(text), timeout=1200)
        await connection.execute(REPLIES, NOW, seal(PHONE), seal("Can you leave it with the neighbour?"))
        await connection.execute("ANALYZE", timeout=300)
    async with deps.db.transaction() as session:
        await keep_finished_days(deps, session, await get_shop(session, 1))


def _pages(deps: Deps, messages: int) -> dict[str, str]:
    middle = messages // 2
    conversation = key_of(bytes.fromhex("cfcd208495d565ef66e7dff9f98764da"))  # of the customer with number 0
    return {
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
    }


async def _time(client: httpx2.AsyncClient, path: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round after three to warm up, and those of them in which this process computed: on a busy
    machine only the latter, which leave PostgreSQL out, say much."""
    taken, computed = [], []
    for turn in range(rounds + 3):
        headers = {"Authorization": f"Bearer {_token()}"}
        begin, cpu = time.perf_counter(), time.process_time()
        answer = await client.get(path, headers=headers)
        if turn >= 3:
            taken.append((time.perf_counter() - begin) * 1000)
            computed.append((time.process_time() - cpu) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
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


Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def _with_deps(app: Starlette, deps: Deps) -> Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]:
    """In place of the lifespan that the web process runs."""

    async def call(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        scope["state"] = {"deps": deps}
        await app(scope, receive, send)

    return call


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
