"""The Admin client against the simulated Shopify over real HTTP: it waits unasked, and knows what answers mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog

from app.config import ADMIN_API_VERSION
from app.core.clock import HeldClock
from app.core.http import Http
from app.shopify import client as admin_client
from app.shopify.client import (
    AccessForbidden,
    AccessTokenRejected,
    AdminClient,
    ShopifyError,
    ShopifyUnavailable,
    ShopUnavailable,
)
from app.shopify.oauth import OAuthClient
from app.shopify.throttle import Throttle
from app.simulator.shopify import ShopifySimulator
from tests.simulator.serving import serve
from tests.world import API_KEY, API_SECRET, NOON_IN_NEW_YORK, SHOP

SHOP_NAME = "query Name { shop { name } }"
ORDERS = "query Orders { orders(first: 150) { nodes { id customer { id } } } }"
CUSTOMERS = "query Customers { customers(first: 5) { nodes { id } } shop { name } }"


@dataclass
class Admin:
    """One shop's Admin API. Nobody really waits: *waits* says how long the client would have."""

    simulator: ShopifySimulator
    client: AdminClient
    clock: HeldClock
    token: str
    waits: list[float] = field(default_factory=list)

    async def ask(self, operation: str = SHOP_NAME) -> dict[str, object]:
        return (await self.client.graphql(SHOP, self.token, operation)).data


@asynccontextmanager
async def open_admin() -> AsyncIterator[Admin]:
    clock = HeldClock(NOON_IN_NEW_YORK)
    simulator = ShopifySimulator(clock=clock, api_key=API_KEY, api_secret=API_SECRET, app_url="http://127.0.0.1:1")
    simulator.add_shop(SHOP)
    simulator.install(SHOP)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    async with serve(simulator.app) as url, Http(shards=1) as http:
        throttle = Throttle(now=lambda: clock().timestamp())
        client = AdminClient(http, simulator_origin=url, throttle=throttle, sleep=sleep)
        oauth = OAuthClient(client, API_KEY, API_SECRET, clock)
        token = await oauth.exchange(SHOP, simulator.id_token(SHOP))
        simulator.requests.clear()
        yield Admin(simulator, client, clock, token.access_token, waits)


@pytest.fixture
async def admin() -> AsyncIterator[Admin]:
    async with open_admin() as opened:
        yield opened


async def test_it_waits_for_points_before_it_asks_and_is_never_throttled(admin: Admin) -> None:
    """Each of these may cost 302 of the 2,000 points, of which 100 come back in a second."""
    for order in range(60):
        await admin.simulator.place_order(SHOP, admin.simulator.add_customer(SHOP, phone=None), note=str(order))
    await admin.ask(ORDERS)
    spent_before = admin.clock()
    for _ in range(30):
        await admin.ask(ORDERS)
    assert admin.waits, "thirty of these cost more than a full bucket"
    assert all(0 < wait <= 8 for wait in admin.waits)
    seconds = (admin.clock() - spent_before).total_seconds()
    # What was answered is paid for, not what might have been: 30 × about 120 points, less the bucket.
    assert seconds < 40
    assert {each.status for each in admin.simulator.requests} == {200}
    assert len(admin.simulator.requests) == 31


async def test_concurrent_calls_stand_in_line(admin: Admin) -> None:
    await admin.ask(ORDERS)
    await asyncio.gather(*(admin.ask(ORDERS) for _ in range(8)))
    assert len(admin.simulator.requests) == 9


async def test_a_throttled_answer_is_waited_out(admin: Admin) -> None:
    admin.simulator.throttle_next(2)
    assert await admin.ask() == {"shop": {"name": "Demo Store"}}
    assert len(admin.simulator.requests) == 3
    assert all(wait >= 0.5 for wait in admin.waits[:1])


async def test_a_shop_that_stays_throttled_is_left_for_later(admin: Admin) -> None:
    admin.simulator.throttle_next(20)
    with pytest.raises(ShopifyUnavailable):
        await admin.ask()
    assert len(admin.simulator.requests) == 4


@pytest.mark.parametrize(
    ("status", "meaning", "asked"),
    [
        (401, AccessTokenRejected, 1),
        (402, ShopUnavailable, 1),
        (403, AccessForbidden, 1),
        (404, ShopUnavailable, 1),
        (423, ShopUnavailable, 1),
        (400, ShopifyError, 1),
        (406, ShopifyError, 1),
        (429, ShopifyUnavailable, 4),
        (500, ShopifyUnavailable, 4),
        (502, ShopifyUnavailable, 4),
        (503, ShopifyUnavailable, 4),
    ],
)
async def test_each_status_means_something_of_its_own(
    admin: Admin, status: int, meaning: type[ShopifyError], asked: int
) -> None:
    admin.simulator.fail_next("graphql", status=status, times=20, body="")
    with pytest.raises(ShopifyError) as failed:
        await admin.ask()
    assert type(failed.value) is meaning
    assert len(admin.simulator.requests) == asked


async def test_a_short_fault_is_repeated_and_retry_after_is_heeded(admin: Admin) -> None:
    admin.simulator.fail_next("graphql", status=429, retry_after=3)
    admin.simulator.fail_next("graphql", status=503)
    assert await admin.ask() == {"shop": {"name": "Demo Store"}}
    assert admin.waits[0] == 3


@pytest.mark.parametrize("retry_after", [3600, -1])
async def test_an_absurd_retry_after_does_not_hold_anybody_up(admin: Admin, retry_after: int) -> None:
    admin.simulator.fail_next("graphql", status=429, retry_after=retry_after, times=20)
    with pytest.raises(ShopifyUnavailable):
        await admin.ask()
    assert sum(admin.waits) <= 24


@pytest.mark.parametrize("body", ["", "<html>", "null", "[]", '"text"', "{}", '{"data": 1}', '{"data": null}', "\xff"])
async def test_an_answer_that_cannot_be_read_may_be_better_next_time(admin: Admin, body: str) -> None:
    admin.simulator.fail_next("graphql", status=200, times=20, body=body.encode("latin-1"))
    with pytest.raises(ShopifyUnavailable):
        await admin.ask()


@pytest.mark.parametrize(
    ("code", "meaning", "asked"),
    [
        ("ACCESS_DENIED", AccessForbidden, 1),
        ("SHOP_INACTIVE", ShopUnavailable, 1),
        ("INTERNAL_SERVER_ERROR", ShopifyUnavailable, 4),
        ("MAX_COST_EXCEEDED", ShopifyError, 1),
        ("undefinedField", ShopifyError, 1),
    ],
)
async def test_errors_without_any_data_are_told_apart_by_their_code(
    admin: Admin, code: str, meaning: type[ShopifyError], asked: int
) -> None:
    error = {"message": "No.", "extensions": {"code": code}}
    admin.simulator.fail_next("graphql", status=200, times=20, body={"data": {"shop": None}, "errors": [error]})
    with pytest.raises(ShopifyError) as failed:
        await admin.ask()
    assert type(failed.value) is meaning
    assert len(admin.simulator.requests) == asked


async def test_errors_as_one_plain_string_are_read_too(admin: Admin) -> None:
    admin.simulator.fail_next("graphql", status=200, body={"errors": "Something"})
    with pytest.raises(ShopifyError, match="no code"):
        await admin.ask()


async def test_data_beside_a_refused_field_is_kept(admin: Admin) -> None:
    admin.simulator.install(SHOP, scopes=["read_orders"])
    answer = await admin.client.graphql(
        SHOP, admin.token, "query N { shop { name } order: orders(first: 1) { nodes { customer { id } } } }"
    )
    assert answer["shop"] == {"name": "Demo Store"}
    customer = admin.simulator.add_customer(SHOP)
    await admin.simulator.place_order(SHOP, customer)
    answer = await admin.client.graphql(
        SHOP, admin.token, "query N { orders(first: 1) { nodes { name customer { id } } } }"
    )
    [order] = answer["orders"]["nodes"]
    assert order["name"] == "#1001"
    assert order["customer"] is None
    assert [code for code, _ in answer.errors] == ["ACCESS_DENIED"]


async def test_silence_and_broken_lines_end_in_time(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_client, "DEADLINE", 0.3)
    admin.simulator.hang_next(1.0)
    with pytest.raises(ShopifyUnavailable, match="too long"):
        await admin.ask()
    async with Http(shards=1) as http:
        nobody = AdminClient(http, simulator_origin="http://127.0.0.1:9")
        with pytest.raises(ShopifyUnavailable, match="did not answer"):
            await nobody.graphql(SHOP, "token", SHOP_NAME)


async def test_an_older_version_that_answers_is_noticed(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_client, "ADMIN_API_VERSION", "2025-01")
    with structlog.testing.capture_logs() as logs:
        await admin.ask()
    [noticed] = [each for each in logs if each["event"] == "shopify.version_fell_forward"]
    assert (noticed["asked"], noticed["served"]) == ("2025-01", "2026-01")
    assert ADMIN_API_VERSION == "2026-10"


async def test_nothing_that_was_asked_or_answered_is_logged(admin: Admin) -> None:
    customer = admin.simulator.add_customer(SHOP, first_name="Ada", phone="+12125550123")
    await admin.simulator.place_order(SHOP, customer)
    admin.simulator.throttle_next()
    with structlog.testing.capture_logs() as logs:
        await admin.ask("query C { customers(first: 1) { nodes { firstName defaultPhoneNumber { phoneNumber } } } }")
        admin.simulator.fail_next("graphql", status=403, body="Ada +12125550123")
        with pytest.raises(AccessForbidden):
            await admin.ask()
    assert "Ada" not in str(logs)
    assert "2125550123" not in str(logs)
    assert admin.token not in str(logs)


def test_the_memory_of_shops_and_operations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.shopify.throttle.MOST_SHOPS", 10)
    throttle = Throttle(now=lambda: 0.0)
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 5.0, "restoreRate": 100.0}
    for shop in range(50):
        throttle.settle(str(shop), "query", 0.0, {"requestedQueryCost": 205, "throttleStatus": status})
    assert throttle.reserve("1", "query") == (0.0, 0.0)
    assert throttle.reserve("49", "query") == (205.0, 2.0)
    assert throttle.reserve("49", "query") == (205.0, 4.05)
    throttle.settle("49", "query", 205.0, None)
    throttle.settle("49", "query", 205.0, None)
    assert throttle.reserve("49", "another") == (0.0, 0.0)
