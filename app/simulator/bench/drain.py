"""How close sending comes to what RingCentral allows: `bench drain [--full]`.

Many merchants with a backlog each (a power law, the largest 200) on one worker process, against the simulated
RingCentral: 40 calls in any window for each user, a penalty that every call starts again, an answer after 150 ms. The
app keeps four calls of the 40 for replies, so 36 a window are what the limits allow to texts. Windows and answers are
three times shorter than RingCentral's, so that a run takes two minutes; `--full` is 10,000 texts of 1,000 merchants in
real time. Then one merchant has 100,000 texts waiting, and the first texts of idle merchants are timed. Shopify
answers each order at once.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psutil
import uvloop
from rich.progress import Progress
from rich.table import Table
from starlette.types import Receive, Scope, Send

from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from app.deps import Deps
from app.messages.dispatch import OUTBOX
from app.shops.logins import seal_credentials
from app.simulator.bench.report_console import report_console
from app.simulator.bench.sending_stage import (
    Stage,
    Watched,
    make_stage,
    put_off_recurring_work,
    served,
)
from app.simulator.ringcentral.state import Session
from app.sms.contract import Credentials
from app.wiring import open_deps

console = report_console()
LIMIT, RESERVE, WINDOW, LATENCY = 40, 4, 60.0, 0.15
LARGEST = 200
BACKLOG = 100_000
IDLE_MERCHANTS = 20
AREA_CODES = ("212", "415", "305", "312", "617")
QUEUE = """
INSERT INTO messages (shop_id, sender_id, kind, subject, state, priority, order_id, order_name, event_at, created_at,
                      due_at, expires_at, updated_at)
SELECT a.shop_id, a.shop_id, 'order_confirmed', a.number::text, 'queued', 5, a.number::text, '#' || a.number,
       now(), now(), now() - a.place * interval '1 microsecond', now() + interval '3 hours', now()
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS a(shop_id, number, place)
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench drain", description=__doc__)
    parser.add_argument("--messages", type=int, default=3_000)
    parser.add_argument("--senders", type=int, default=300)
    parser.add_argument("--scale", type=int, default=3, choices=(1, 2, 3, 4, 5, 6), help="so much shorter windows")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="10,000 messages, 1,000 senders, scale 1: five minutes")
    options = parser.parse_args(arguments)
    if options.full:
        options.messages, options.senders, options.scale = 10_000, 1_000, 1
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder) / "database") as server:
            upgrade(server.url)
            return uvloop.run(_measure(make_stage(server.url, Path(folder)), options))


@dataclass
class Drained:
    """*messages* of them were sent in *seconds*; the limits allow no less than *least* seconds."""

    messages: int
    seconds: float
    least: float
    middle: float
    nine_tenths: float
    refused: int
    twice: int
    worker_cpu: float
    rss_mb: float
    machine_busy: float


async def _measure(stage: Stage, options: argparse.Namespace) -> int:
    ringcentral = stage.ringcentral
    ringcentral.use_limits(medium=LIMIT, window=WINDOW / options.scale, penalty=WINDOW / options.scale)
    ringcentral.latency = LATENCY / options.scale
    async with (
        open_deps(stage.settings, stage.database_url) as deps,
        served(ringcentral.app, stage.ports.ringcentral),
        served(orders_of_shopify, stage.ports.shopify),
    ):
        await put_off_recurring_work(deps)
        sizes = power_law(options.messages, options.senders)
        with console.status(f"Connecting {len(sizes):,} merchants…"):
            await _furnish(deps, stage, len(sizes) + IDLE_MERCHANTS, WINDOW / options.scale)
        processes = [stage.process("worker") for _ in range(options.workers)]
        workers = [each.__enter__() for each in processes]
        try:
            await stage.until_logged("worker", "worker.started")
            await asyncio.sleep(2)
            drained = await _drain(deps, stage, workers, sizes, WINDOW / options.scale)
            waits = await _idle_merchants(deps, stage, len(sizes))
        finally:
            for each in processes:
                each.__exit__(None, None, None)
    _report(drained, waits, options)
    return 0


def power_law(total: int, count: int) -> list[int]:
    """Sizes of *count* backlogs, the largest `LARGEST`, *total* together."""
    low, high, sizes = 0.0, 3.0, [LARGEST]
    for _ in range(60):
        bend = (low + high) / 2
        sizes = [max(1, round(LARGEST * place**-bend)) for place in range(1, count + 1)]
        low, high = (bend, high) if sum(sizes) > total else (low, bend)
    sizes[-1] = max(1, sizes[-1] + total - sum(sizes))
    return sizes


async def _furnish(deps: Deps, stage: Stage, count: int, window: float) -> None:
    """Installed shops, each with a RingCentral user, a number and a token of its own."""
    pool, seal, now = deps.db.pool, deps.vault.encrypt, datetime.now(UTC)
    users, shops, senders = [], [], []
    credentials = seal_credentials(
        deps, Credentials("simulated-client", "simulated-secret", "-", stage.ringcentral.url)
    )
    for number in range(1, count + 1):
        phone = f"+1650{5_550_000 + number}"
        user = stage.ringcentral.add_user(name=f"Merchant {number}")
        stage.ringcentral.add_number(user, phone)
        token = f"token-{number}"
        stage.ringcentral.state.sessions[token] = Session(
            id=f"00000000-0000-0000-0000-{number:012d}",
            client_id="simulated-client",
            owner_id=user.owner_id,
            access_token=token,
            access_expires_at=now + timedelta(days=1),
            started_at=now,
            scope=" ".join(stage.ringcentral.scopes),
        )
        users.append(
            ("ringcentral", stage.ringcentral.url, "simulated-client", user.owner_id, seal(token),
             now + timedelta(days=1), int(window), f"hook-{number}", b"", now)
        )  # fmt: skip
        shops.append(
            (f"bench-{number}.myshopify.com", f"Shop {number}", now, now, now, seal("token"), now + timedelta(days=1),
             '{"quiet_hours": {"enabled": false}}')
        )  # fmt: skip
        senders.append((number, number, phone, "ready", credentials, now))
    await pool.executemany(
        "INSERT INTO provider_users (provider, server, client_id, owner_id, access_token_encrypted, token_expires_at, "
        "window_seconds, hook_key, verification_token_encrypted, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
        users,
    )
    await pool.executemany(
        "INSERT INTO shops (domain, name, installed_at, facts_read_at, created_at, access_token_encrypted, "
        "access_expires_at, settings) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
        shops,
    )
    await pool.executemany(
        "INSERT INTO senders (shop_id, provider_user_id, phone_number, state, credentials_encrypted, created_at) "
        "VALUES ($1,$2,$3,$4,$5,$6)",
        senders,
    )
    await pool.execute("ANALYZE")


async def _queue(deps: Deps, shop_ids: Sequence[int], first: int) -> None:
    """One message for each entry, its order numbered on from *first*, in the order given; then tell the workers."""
    numbers = list(range(first, first + len(shop_ids)))
    places = list(range(len(shop_ids), 0, -1))
    await deps.db.pool.execute(QUEUE, shop_ids, numbers, places, timeout=120)
    await deps.db.notify(OUTBOX)


async def _drain(deps: Deps, stage: Stage, workers: list[Watched], sizes: list[int], window: float) -> Drained:
    owners = [shop for shop, size in enumerate(sizes, start=1) for _ in range(size)]
    random.Random(1).shuffle(owners)  # noqa: S311  # an order of arrival, not a secret
    ringcentral, total = stage.ringcentral, len(owners)
    for each in workers:
        each.begin()
    busy = _machine_cpu()
    begin = time.perf_counter()
    await _queue(deps, owners, 1)
    least = (max(sizes) - 1) // (LIMIT - RESERVE) * window
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Sending", total=total)
        async with asyncio.timeout(10 * least + 600):
            while len(ringcentral.arrived) < total:
                await asyncio.sleep(0.25)
                for each in workers:
                    each.look()
                progress.update(task, completed=len(ringcentral.arrived))
    moments = sorted(ringcentral.arrived.values())
    seconds = moments[-1] + ringcentral.latency - begin
    return Drained(
        messages=total,
        seconds=seconds,
        least=least,
        middle=moments[total // 2] - begin,
        nine_tenths=moments[total * 9 // 10] - begin,
        refused=ringcentral.answers[429],
        twice=sum(count - 1 for count in ringcentral.texts.values()),
        worker_cpu=sum(each.cpu for each in workers),
        rss_mb=max(each.rss_mb for each in workers),
        machine_busy=(_machine_cpu() - busy) / seconds,
    )


async def _idle_merchants(deps: Deps, stage: Stage, merchants: int) -> list[float]:
    """Seconds from the commit to the arrival of the first text of merchants who had nothing to send."""
    first, arrived = 20_000, stage.ringcentral.arrived
    arrived.clear()
    with console.status(f"Queueing {BACKLOG:,} messages of one merchant…"):
        await _queue(deps, [merchants] * BACKLOG, 100_000)
        await deps.db.pool.execute("ANALYZE messages")
    waits = []
    with Progress(console=console, transient=True) as progress:
        for place in progress.track(range(IDLE_MERCHANTS), description="Idle merchants"):
            await asyncio.sleep(random.uniform(0.3, 1.0))  # noqa: S311  # a pause, not a secret
            phone = phone_of(first + place)
            begin = time.perf_counter()
            await _queue(deps, [merchants + 1 + place], first + place)
            async with asyncio.timeout(60):
                while phone not in arrived:  # noqa: ASYNC110  # another process sends it
                    await asyncio.sleep(0.002)
            waits.append(arrived[phone] - begin)
    return waits


def phone_of(order: int) -> str:
    return f"+1{AREA_CODES[order % 5]}555{100 + order // 5 % 9_900:04d}"


async def orders_of_shopify(scope: Scope, receive: Receive, send: Send) -> None:
    """In place of Shopify, which is not what is measured: answers the gate's question about any order, at once."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body", False)
    number = msgspec.json.decode(body)["variables"]["id"].rsplit("/", 1)[-1]
    answer = msgspec.json.encode({"data": {"order": order_facts(int(number))}})
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": answer})


def order_facts(number: int) -> dict[str, object]:
    consent = {"state": "SUBSCRIBED", "updatedAt": "2026-11-01T00:00:00Z"}
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "number": number,
        "createdAt": datetime.now(UTC).isoformat(),
        "statusPageUrl": f"https://shop.example/orders/{number:032x}",
        "displayFulfillmentStatus": "UNFULFILLED",
        "customerLocale": "en",
        "customer": {
            "id": f"gid://shopify/Customer/{number}",
            "firstName": "Ada",
            "lastName": "Lovelace",
            "defaultPhoneNumber": {"phoneNumber": phone_of(number), "smsMarketingConsent": consent},
        },
        "shippingAddress": {"countryCodeV2": "US", "provinceCode": "NY", "zip": "10001"},
    }


def _machine_cpu() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + getattr(times, "softirq", 0.0))


def _report(drained: Drained, waits: list[float], options: argparse.Namespace) -> None:
    table = Table("", "Measured", "Aim", title=f"{drained.messages:,} messages over {options.senders:,} senders")
    rows = (
        ("Drained after", f"{drained.seconds:.1f} s", ""),
        (
            f"The limits allow ({LIMIT - RESERVE} a window of {WINDOW / options.scale:.0f} s)",
            f"{drained.least:.0f} s",
            "",
        ),
        ("Share of what the limits allow", f"{drained.least / drained.seconds:.1%}", "≥ 97 %"),
        ("Half, nine tenths sent after", f"{drained.middle:.1f} s, {drained.nine_tenths:.1f} s", ""),
        ("429 answers", str(drained.refused), "0"),
        ("Sent twice", str(drained.twice), "0"),
        ("CPU of the sender for each message", f"{drained.worker_cpu / drained.messages * 1000:.2f} ms", "≤ 0.5 ms"),
        ("Most memory of a worker", f"{drained.rss_mb:.0f} MB", "≤ 150 MB"),
        (
            f"First text of an idle merchant beside {BACKLOG:,}",
            f"p50 {statistics.median(waits):.3f} s, slowest {max(waits):.3f} s",
            "≤ 2 s",
        ),
        ("Cores busy on this machine, of all programs", f"{drained.machine_busy:.1f} of {psutil.cpu_count()}", ""),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(
        f"Scale {options.scale}: windows of {WINDOW / options.scale:.0f} s and answers after "
        f"{LATENCY / options.scale * 1000:.0f} ms in place of {WINDOW:.0f} s and {LATENCY * 1000:.0f} ms."
    )
