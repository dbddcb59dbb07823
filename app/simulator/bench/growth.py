"""What the three busiest statements cost when the tables have grown: `bench growth [--messages 1000000]`.

The claim of a worker (who may send, and taking eight of each), a page of the log, and storing 64 webhooks at once are
timed in two databases of one server, with 10,000 messages and webhooks stored and with many. They take turns, round by
round, so that whatever else the machine does meets both. The queue is the same in both: 200 merchants with five texts
each; what has grown is what was sent before.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import uvloop
from rich.progress import track
from rich.table import Table
from sqlalchemy import make_url

from app.config import Settings
from app.core.db import Database
from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from app.deps import Deps
from app.messages.claim import claim_due, users_with_due_messages
from app.messages.log import log_page
from app.messages.send import LEASE
from app.simulator.bench.report_console import report_console
from app.simulator.bench.sending_stage import make_stage
from app.webhooks.intake import Arrived, Intake
from app.wiring import open_deps

console = report_console()
SMALL = 10_000
SHOPS, QUEUED, FIRST_QUEUED = 200, 5, 1_000_000_000
ROUNDS = 60
PORTION = 250_000
"""Messages written at once."""
WRITING = 3_600.0
"""Seconds: patience for one statement that writes."""
GROUP = 64
AIM = 1.3
SHOP_ROWS = """
INSERT INTO shops (domain, installed_at, created_at) SELECT 'bench-' || n || '.myshopify.com', now(), now()
FROM generate_series(1, $1::int) n
"""
USER_ROWS = """
INSERT INTO provider_users (provider, server, client_id, owner_id, hook_key, verification_token_encrypted, created_at)
SELECT 'ringcentral', 'http://127.0.0.1:1', 'app', n::text, 'hook-' || n, '', now() FROM generate_series(1, $1::int) n
"""
SENDER_ROWS = """
INSERT INTO senders (shop_id, provider_user_id, phone_number, state, created_at)
SELECT n, n, '+1650' || 5550000 + n, 'ready', now() FROM generate_series(1, $1::int) n
"""
MESSAGE_ROWS = """
INSERT INTO messages (shop_id, sender_id, kind, subject, state, order_id, order_name, phone_encrypted, phone_hash,
                      text_encrypted, segments, event_at, created_at, due_at, sent_at, updated_at)
SELECT 1 + n % $1::int, 1 + n % $1::int, 'order_confirmed', n::text, $2, n::text, '#' || n, $3,
       decode(md5(n::text), 'hex'), $4, 1, t, t, t, CASE WHEN $2 = 'delivered' THEN t END, t
FROM (SELECT n, $7::timestamptz - ($6::bigint - n) * interval '1 second' AS t
      FROM generate_series($5::bigint, $6::bigint) n) made
"""
DELIVERY_ROWS = """
INSERT INTO deliveries (source, webhook_id, lane, shop_id, shop_domain, topic, event_id, received_at, body_sealed,
                        state)
SELECT 'shopify', 'old-' || n, 1 + n % $1::int, 1 + n % $1::int, 'bench-' || (1 + n % $1::int) || '.myshopify.com',
       'orders/create', n::text, now(), $2, 2
FROM generate_series($3::bigint, $4::bigint) n
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench growth", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder) / "database") as server:
            settings = make_stage(server.url, Path(folder)).settings
            return uvloop.run(_measure(settings, server.url, options.messages))


async def _measure(settings: Settings, server_url: str, messages: int) -> int:
    small_url, large_url = [await _make_database(server_url, name) for name in ("small", "large")]
    async with open_deps(settings, small_url) as small, open_deps(settings, large_url) as large:
        begin = time.perf_counter()
        await _furnish(small, SMALL)
        await _furnish(large, messages)
        await large.db.pool.execute("CHECKPOINT", timeout=WRITING)
        console.print(f"Written in {time.perf_counter() - begin:.0f} s.")
        both = [_statements(small), _statements(large)]
        with console.status("Measuring…"):
            measured = {name: await _time_in_turn([each[name] for each in both]) for name in both[0]}
    _report(measured, messages)
    return 0


async def _make_database(server_url: str, name: str) -> str:
    connection = await asyncpg.connect(Database(server_url).dsn)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    await asyncio.to_thread(upgrade, url)
    return url


async def _furnish(deps: Deps, messages: int) -> None:
    for statement in (SHOP_ROWS, USER_ROWS, SENDER_ROWS):
        await deps.db.pool.execute(statement, SHOPS)
    await _add_messages(deps, "queued", FIRST_QUEUED, FIRST_QUEUED + SHOPS * QUEUED - 1)
    for first in track(
        range(1, messages + 1, PORTION), console=console, transient=True, description=f"Writing {messages:,}"
    ):
        last = min(first + PORTION - 1, messages)
        await _add_messages(deps, "delivered", first, last)
        await _add_deliveries(deps, first, last)
    await deps.db.pool.execute("VACUUM ANALYZE", timeout=WRITING)


async def _add_messages(deps: Deps, state: str, first: int, last: int) -> None:
    phone, text = deps.vault.encrypt("+12125550123"), deps.vault.encrypt("Hi Ada, your order is on its way. " * 4)
    now = datetime.now(UTC) - timedelta(minutes=1)
    await deps.db.pool.execute(MESSAGE_ROWS, SHOPS, state, phone, text, first, last, now, timeout=WRITING)


async def _add_deliveries(deps: Deps, first: int, last: int) -> None:
    await deps.db.pool.execute(DELIVERY_ROWS, SHOPS, bytes(200), first, last, timeout=WRITING)


def _statements(deps: Deps) -> dict[str, Callable[[], Awaitable[None]]]:
    intake, numbers, start = Intake(deps.db.pool, deps.vault), count(), time.time_ns()

    async def claim() -> None:
        async with deps.db.transaction() as session:
            now = datetime.now(UTC)
            due = await users_with_due_messages(session, now)
            wanted = {user.user_id: 8 for user in due[:3]}
            claimed = await claim_due(session, wanted, holder="bench", now=now, lease=LEASE)
            if not claimed:
                raise RuntimeError("Nothing was claimed, so nothing was measured.")
            await session.rollback()

    async def page() -> None:
        async with deps.db.reading() as session:
            await log_page(deps, session, 1)

    async def store() -> None:
        await asyncio.gather(*(intake.store(_arrived(f"{start}-{next(numbers)}")) for _ in range(GROUP)))

    return {"Claim": claim, "A page of the log": page, f"Storing {GROUP} webhooks": store}


def _arrived(webhook_id: str) -> Arrived:
    return Arrived(
        source="shopify",
        webhook_id=webhook_id,
        shop_domain="bench-1.myshopify.com",
        provider_user_id=None,
        topic="orders/create",
        event_id=webhook_id,
        triggered_at=None,
        received_at=datetime.now(UTC),
        body=b'{"id": 1, "line_items": [' + b'{"title": "Article", "price": "10.00"},' * 240 + b"null]}",
    )


async def _time_in_turn(both: list[Callable[[], Awaitable[None]]]) -> list[float]:
    """Milliseconds in each of *both*: the medians of the rounds, after a few to warm up."""
    taken: list[list[float]] = [[] for _ in both]
    for turn in range(ROUNDS + 5):
        for one, mine in zip(both, taken, strict=True):
            begin = time.perf_counter()
            await one()
            if turn >= 5:
                mine.append((time.perf_counter() - begin) * 1000)
    return [statistics.median(mine) for mine in taken]


def _report(measured: dict[str, list[float]], messages: int) -> None:
    table = Table("Milliseconds, median", f"{SMALL:,}", f"{messages:,}", "Ratio", "Aim")
    for name, (small, large) in measured.items():
        table.add_row(name, f"{small:.1f}", f"{large:.1f}", f"{large / small:.2f} ×", f"≤ {AIM} ×")
    console.print(table)
    console.print("Messages and webhooks stored before; the queue is the same in both databases.")
