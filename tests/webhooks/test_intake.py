"""`POST /webhooks/shopify` over real HTTP: who gets in, what is kept, and how it says no."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core.crypto import Vault
from app.core.rate_limit import RateLimit
from app.shopify.webhooks import sign
from app.webhooks import intake as intake_module
from app.webhooks.intake import Arrived, Intake, Overloaded, open_body
from tests.world import API_SECRET, NOON_IN_NEW_YORK, SHOP, World

PATH = "/webhooks/shopify"
BODY = b'{"id": 820982911946154508, "name": "#1001"}'
GOOD = sign(BODY, API_SECRET)


Headers = Mapping[str, str | bytes | None]


async def post(world: World, body: bytes = BODY, headers: Headers | None = None) -> int:
    """One call as Shopify makes it; a header of None is left out, bytes go out as they are."""
    status, _ = await raw(world, body, headers)
    return status


async def raw(
    world: World, body: bytes, headers: Headers | None = None, *, chunked: bool = False, method: str = "POST"
) -> tuple[int, bytes]:
    named: dict[str, str | bytes | None] = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": sign(body, API_SECRET),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": hashlib.sha256(body).hexdigest(),
        "Host": "127.0.0.1",
        "Transfer-Encoding" if chunked else "Content-Length": "chunked" if chunked else str(len(body)),
        **(headers or {}),
    }
    lines = [f"{method} {PATH} HTTP/1.1".encode()]
    for name, value in named.items():
        if value is not None:
            lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(world.url).port)
    try:
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        try:
            for start in range(0, len(body), 65536):
                piece = body[start : start + 65536]
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
            if chunked:
                writer.write(b"0\r\n\r\n")
            await writer.drain()
        except ConnectionError:
            pass  # it has answered and hung up already
        answer = await asyncio.wait_for(reader.read(65536), 10)
        return int(answer.split()[1]), answer
    finally:
        writer.close()


async def stored(world: World) -> int:
    return int((await world.rows("SELECT count(*) FROM deliveries"))[0]["count"])


def hmac_hex(body: bytes) -> str:
    return hmac.new(API_SECRET.encode(), body, hashlib.sha256).hexdigest()


WRONG: dict[str, str | bytes | None] = {
    "missing": None,
    "empty": "",
    "of another secret": sign(BODY, "another-secret-that-is-long-enough-for-this"),
    "of another body": sign(BODY + b" ", API_SECRET),
    "hex": hmac_hex(BODY),
    "without padding": GOOD.rstrip("="),
    "cut short": GOOD[:20],
    "with something behind it": GOOD + "AAAA",
    "not base64": "!!!!",
    "not ASCII": "é".encode(),
    "not UTF-8": b"\xff\xfe\xfd",
    "URL-safe alphabet": base64.urlsafe_b64encode(b"\xfb" * 32),
    "very long": "A" * 4096,
    "twice": GOOD + ", " + GOOD,
}


async def test_what_shopify_did_not_sign_is_401_and_leaves_no_trace(world: World) -> None:
    for name, value in WRONG.items():
        assert await post(world, BODY, {"X-Shopify-Hmac-Sha256": value}) == 401, name
    assert await stored(world) == 0
    assert await post(world) == 200
    assert await stored(world) == 1


async def test_both_client_secrets_count_while_one_is_replaced(world: World) -> None:
    world.deps.settings.__dict__["shopify_secrets"] = ("a-new-secret-that-is-long-enough-as-well", API_SECRET)
    assert await post(world) == 200
    assert (
        await post(world, b"{}", {"X-Shopify-Hmac-Sha256": sign(b"{}", "a-new-secret-that-is-long-enough-as-well")})
        == 200
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Shopify-Shop-Domain": None},
        {"X-Shopify-Shop-Domain": ""},
        {"X-Shopify-Shop-Domain": "evil.example"},
        {"X-Shopify-Shop-Domain": f"{SHOP}.evil.example"},
        {"X-Shopify-Shop-Domain": "é.myshopify.com"},
        {"X-Shopify-Shop-Domain": "a/../b.myshopify.com"},
        {"X-Shopify-Topic": None},
        {"X-Shopify-Topic": b"orders/\xff"},
        {"X-Shopify-Topic": "x" * 300},
    ],
    ids=str,
)
async def test_a_signed_call_without_shop_or_topic_is_400(world: World, headers: dict[str, Any]) -> None:
    assert await post(world, BODY, headers) == 400
    assert await stored(world) == 0


async def test_odd_but_signed_calls_are_kept(world: World) -> None:
    odd: list[Headers] = [
        {"X-Shopify-Triggered-At": "yesterday"},
        {"X-Shopify-Triggered-At": "2026-11-22T10:00:00"},
        {"X-Shopify-Triggered-At": "9999-12-31T23:59:59.999999-23:59"},
        {"X-Shopify-Triggered-At": "0001-01-01T00:00:00+14:00"},
        {"X-Shopify-Triggered-At": "2026-11-22T10:00:00.123456789Z"},
        {"X-Shopify-Event-Id": b"\xff\x00"},
        {"X-Shopify-Webhook-Id": b"\xc3\xa9"},
        {"X-Shopify-Webhook-Id": None},
        {"X-Shopify-Shop-Domain": SHOP.upper()},
    ]
    for number, headers in enumerate(odd):
        body = b"%d" % number
        if any(isinstance(value, bytes) and b"\x00" in value for value in headers.values()):
            assert await post(world, body, headers) in (200, 400)  # uvicorn itself may refuse a NUL
        else:
            assert await post(world, body, headers) == 200, headers
    assert await post(world, b"") == 200
    await world.workers_run()
    assert {row["state"] for row in await world.rows("SELECT state FROM deliveries")} <= {2, 3}


async def test_a_repeated_call_is_kept_once_and_answered_200(world: World) -> None:
    same = {"X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"}
    assert [await post(world, BODY, same) for _ in range(3)] == [200] * 3
    assert await asyncio.gather(*(post(world, BODY, same) for _ in range(20))) == [200] * 20
    assert await stored(world) == 1
    unnamed = {"X-Shopify-Webhook-Id": None}
    assert [await post(world, b"{}", unnamed) for _ in range(2)] == [200] * 2
    assert await stored(world) == 2


async def test_two_megabytes_are_enough(world: World) -> None:
    most = 2 * 1024 * 1024
    assert await post(world, b" " * most) == 200
    # Told by its length: refused before it is read. Streamed: given up as soon as it is too much.
    assert await post(world, b"", {"Content-Length": str(most + 1)}) == 413
    assert (await raw(world, b" " * (most + 1), chunked=True))[0] == 413
    assert (await raw(world, b" " * (8 * most), chunked=True))[0] == 413
    assert await stored(world) == 1
    assert await post(world) == 200


async def test_other_methods_are_405_and_no_answer_has_a_body(world: World) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        assert (await raw(world, b"", method=method))[0] == 405
    _, answer = await raw(world, BODY)
    assert answer.endswith(b"\r\n\r\n")
    assert len(answer) < 200


async def test_whoever_sends_many_unsigned_calls_is_told_to_stop_and_shopify_is_not(world: World) -> None:
    answers = [await post(world, BODY, {"X-Shopify-Hmac-Sha256": "AAAA"}) for _ in range(70)]
    assert answers[:60] == [401] * 60
    assert 429 in answers[60:]
    assert await post(world) == 200


# --- when the database cannot take it ---


async def test_a_database_that_is_away_is_told_at_once_and_nothing_is_lost(world: World) -> None:
    await world.install()
    name = make_url(world.deps.db.url).database
    await elsewhere(world, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await elsewhere(world, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    started = time.monotonic()
    answers = await asyncio.gather(*(post(world, b"%d" % number) for number in range(50)))
    assert set(answers) == {503}
    assert time.monotonic() - started < 4
    await elsewhere(world, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    again = await asyncio.gather(*(post(world, b"%d" % number) for number in range(50)))
    assert set(again) == {200}
    assert await stored(world) == 50


async def elsewhere(world: World, statement: str) -> None:
    """From another database of the same server."""
    dsn = make_url(world.deps.db.dsn).set(database="postgres").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


class StuckPool:
    """A database that neither answers nor fails."""

    async def execute(self, *_: object) -> None:
        await asyncio.sleep(3600)


def arrived(number: int = 0) -> Arrived:
    return Arrived("shopify", str(number), SHOP, None, "orders/create", "", None, NOON_IN_NEW_YORK, b"{}")


def stuck_intake() -> Intake:
    pool: Any = StuckPool()
    return Intake(pool, Vault(["0" * 43 + "="]))


async def test_a_database_that_hangs_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "FLUSH_DEADLINE", 0.1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stuck_intake().store(arrived()), 20)


async def test_nobody_waits_behind_a_line_that_does_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "FLUSH_DEADLINE", 1.0)
    monkeypatch.setattr(intake_module, "LONGEST_WAIT", 0.05)
    intake = stuck_intake()
    waiting = [asyncio.create_task(intake.store(arrived(n))) for n in range(3 * intake_module.GROUP_SIZE)]
    await asyncio.sleep(0.1)
    with pytest.raises(Overloaded):
        await asyncio.wait_for(intake.store(arrived(1000)), 20)
    results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
    assert {type(each) for each in results} == {TimeoutError}


async def test_no_more_than_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "MOST_WAITING", 5)
    monkeypatch.setattr(intake_module, "FLUSH_DEADLINE", 0.2)
    intake = stuck_intake()
    first = [asyncio.create_task(intake.store(arrived(n))) for n in range(1)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    results = await asyncio.gather(*(intake.store(arrived(n)) for n in range(100)), *first, return_exceptions=True)
    assert sum(isinstance(each, Overloaded) for each in results) > 50


async def test_one_bad_row_costs_the_others_nothing(world: World) -> None:
    intake = Intake(world.deps.db.pool, world.deps.vault)
    bad = arrived(7)
    bad.topic = "orders/\x00"
    results = await asyncio.gather(
        *(intake.store(arrived(n)) for n in range(5)), intake.store(bad), return_exceptions=True
    )
    assert results[:5] == [None] * 5
    assert isinstance(results[5], Exception)
    assert await stored(world) == 5


async def test_a_body_is_sealed_and_goes_when_it_has_been_handled(world: World) -> None:
    await world.install()
    items = [{"title": f"Article {number}", "price": "10.50"} for number in range(250)]
    marked = json.dumps({"id": 1, "customer": {"first_name": "Persephone"}, "line_items": items}).encode()
    assert await post(world, marked) == 200
    [row] = await world.rows("SELECT body_sealed FROM deliveries WHERE topic = 'orders/create'")
    assert b"Persephone" not in row["body_sealed"]
    assert open_body(world.deps.vault, row["body_sealed"]) == marked
    assert len(row["body_sealed"]) < len(marked) / 4
    await world.workers_run()
    [row] = await world.rows("SELECT body_sealed, state FROM deliveries WHERE topic = 'orders/create'")
    assert (row["body_sealed"], row["state"]) == (None, 2)


def test_a_limit_forgets_the_oldest_and_fills_again() -> None:
    seconds = 0.0
    limit = RateLimit(burst=2, per_second=0.5, most_callers=3, now=lambda: seconds)
    assert [limit.take("a") for _ in range(3)] == [True, True, False]
    assert limit.is_spent("a")
    assert limit.retry_after("a") == 2
    seconds = 2.0
    assert limit.take("a")
    assert not limit.take("a")
    for other in "bcd":
        limit.take(other)
    assert limit.take("a"), "forgotten, so it begins anew"
