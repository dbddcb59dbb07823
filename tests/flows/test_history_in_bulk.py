"""History gathered by Shopify in one operation: counted, stored once, gone on with, or given up for pages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import DocumentNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode, parse

from app.connect.history_file import FileLost, read_rows
from app.connect.history_query import bulk_query
from app.connect.history_steps import import_step
from app.connect.models import HistoryImport
from app.shopify.client import operation
from app.simulator.shopify.bulk import BulkRuns
from tests.connect.stage import jane, jane_texts
from tests.flows.test_history_import import BY_CODE, start, state
from tests.world import SHOP, World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_world(database_url, history_bulk=True) as world:
        world.shopify.shops[SHOP].plan = "Plus"  # points do not come back while the clock is held
        yield world


async def past(world: World, orders: int, *, lines: int = 1) -> None:
    """Jane's orders of the last weeks, unheard of, and one of nobody's."""
    await world.api("PUT", "/connect/attribution", BY_CODE)
    items = [{"title": f"Mug {number}", "price": "1.00"} for number in range(lines)]
    world.shopify.lose_webhooks = True
    for index in range(orders):
        day = world.clock().replace(day=1 + index % 20)
        await world.order(discount_codes=["VIP-jane-1"], created_at=day, items=items)
    await world.order(created_at=world.clock().replace(day=2))
    world.shopify.lose_webhooks = False


async def half_read(world: World) -> dict[str, Any]:
    """An import of 22 orders with 30 lines each, whose file has been read as far as one step goes."""
    await world.ready()
    await jane(world)
    await past(world, 22, lines=30)
    run = await start(world, dry_run=False)
    await import_step(world.deps, run["id"])
    await world.shopify.settle()
    await import_step(world.deps, run["id"])
    return run


async def lines_stored(world: World) -> list[tuple[int, int, int]]:
    """Of each order: how many, under how many names, and the place of the last."""
    rows = await world.rows(
        "SELECT count(*), count(DISTINCT name), max(position) FROM connect_order_lines GROUP BY order_id"
    )
    return [tuple(each) for each in rows]


async def gathered(world: World) -> None:
    """Shopify has done its part, and the workers look again."""
    await world.shopify.settle()
    await world.advance(seconds=31)
    await world.workers_run()


def operations(world: World) -> list[str]:
    return [each.status for each in world.shopify.shops[SHOP].bulk_operations.values()]


def asked(world: World, name: str) -> int:
    return sum(each.operation == name for each in world.shopify.requests)


async def test_a_dry_run_counts_and_the_import_stores_once_and_texts_nobody(world: World) -> None:
    await world.ready()
    account = await jane_texts(world)
    await past(world, 3, lines=2)
    assert "bulk" in (await world.open_page("/connect/history")).text
    counted = await start(world, dry_run=True)
    assert (counted["way"], counted["gathered"]) == ("bulk", 0)
    await world.workers_run()
    await gathered(world)
    told = await state(world, counted["id"])
    assert (told["state"], told["total"], told["read"], told["note"]) == ("done", 4, 4, None)
    assert told["counts"] == {"created": 3, "duplicate": 0, "refused": 0, "nobody": 1, "cancelled": 0, "test": 0}
    assert told["accounts"] == {str(account): 3}
    assert await world.rows("SELECT 1 FROM connect_orders") == []
    for created, duplicate in ((3, 0), (0, 3)):
        run = await start(world, dry_run=False)
        await world.workers_run()
        await gathered(world)
        told = await state(world, run["id"])
        assert (told["counts"]["created"], told["counts"]["duplicate"]) == (created, duplicate)
    stored = await world.rows(
        "SELECT dont_trigger_auto_actions, total_cents, count(l.position) AS lines, sum(l.price_cents) AS cents"
        " FROM connect_orders o JOIN connect_order_lines l ON l.order_id = o.id GROUP BY o.id"
    )
    assert [tuple(each) for each in stored] == [(True, 700, 2, 200)] * 3
    assert (asked(world, "HistoryPage"), world.shopify.bulk.strangers) == (0, 0)
    assert world.ringcentral.sent == []


async def test_progress_pause_and_stop_while_shopify_gathers(world: World) -> None:
    await world.ready()
    await jane(world)
    await past(world, 1)
    world.shopify.bulk.held = True
    run = await start(world, dry_run=False)
    await world.workers_run()
    [operation] = world.shopify.shops[SHOP].bulk_operations.values()
    operation.roots = 1
    await gathered(world)
    told = await state(world, run["id"])
    assert (told["state"], told["gathered"], told["total"], told["read"]) == ("running", 1, 2, 0)
    assert 'value="1" max="2"' in (await world.open_page("/connect/history")).text
    await world.api("POST", f"/connect/imports/{run['id']}/pause")
    looked = asked(world, "HistoryBulkPoll")
    await gathered(world)
    assert asked(world, "HistoryBulkPoll") == looked
    await world.api("POST", f"/connect/imports/{run['id']}/resume")
    await world.workers_run()
    assert asked(world, "HistoryBulkPoll") == looked + 1
    stopped = await world.api("POST", f"/connect/imports/{run['id']}/stop")
    assert stopped.json()["state"] == "done"
    await world.workers_run()
    world.shopify.bulk.held = False
    await gathered(world)
    assert operations(world) == ["CANCELED"]
    assert await world.rows("SELECT 1 FROM connect_orders") == []


async def test_a_long_file_is_read_in_steps_and_gone_on_with(world: World) -> None:
    """Also after a worker was killed, from a store that sends only whole files, and with lines far from their order."""
    run = await half_read(world)
    [first] = await world.rows("SELECT read_to, counts FROM connect_imports")
    stored = await world.rows("SELECT 1 FROM connect_orders")
    assert len(stored) == 22
    # A worker is killed between two steps, its job is lost, and the one that takes over meets another store.
    await world.deps.db.pool.execute("DELETE FROM pgqueuer")
    world.shopify.bulk.serves_parts = False
    await world.advance(minutes=6)
    await world.recurring_run()
    told = await state(world, run["id"])
    assert (told["state"], told["read"], told["counts"]["created"]) == ("done", 23, 22)
    assert await lines_stored(world) == [(30, 30, 29)] * 22
    [end] = await world.rows("SELECT read_to FROM connect_imports")
    assert end["read_to"] == next(iter(world.shopify.shops[SHOP].bulk_operations.values())).size > first["read_to"]


async def test_an_operation_whose_id_was_never_written_down_is_found_again(world: World) -> None:
    await world.ready()
    await jane(world)
    await past(world, 2)
    run = await start(world, dry_run=False)
    await import_step(world.deps, run["id"])
    await world.deps.db.pool.execute("UPDATE connect_imports SET operation_id = NULL")
    await gathered(world)
    await gathered(world)
    assert (await state(world, run["id"]))["counts"]["created"] == 2
    assert operations(world) == ["COMPLETED"]


async def test_a_file_of_yesterday_is_asked_for_anew(world: World) -> None:
    """What was erased in Shopify meanwhile must not come back; the token has been renewed many times."""
    run = await half_read(world)
    await world.api("POST", f"/connect/imports/{run['id']}/pause")
    await world.advance(hours=25)
    await world.api("POST", f"/connect/imports/{run['id']}/resume")
    for _ in range(3):
        await world.workers_run()
        await gathered(world)
    told = await state(world, run["id"])
    assert (told["state"], told["read"], told["counts"]["created"]) == ("done", 23, 22)
    assert operations(world) == ["COMPLETED", "COMPLETED"]
    assert await lines_stored(world) == [(30, 30, 29)] * 22


def not_allowed(bulk: BulkRuns) -> None:
    bulk.allowed = False


def limit_reached(bulk: BulkRuns) -> None:
    bulk.limit_reached = True


def failing(error: str) -> Callable[[BulkRuns], None]:
    return lambda bulk: bulk.errors.append(error)


WAYS_TO_FAIL = [
    (not_allowed, "does not let this app gather"),
    (limit_reached, "other bulk requests"),
    (failing("TIMEOUT"), "could not gather"),
    (failing("ACCESS_DENIED"), "does not let this app gather"),
]


async def test_what_is_in_the_way_leads_to_pages_and_is_told(world: World) -> None:
    await world.ready()
    await jane(world)
    await past(world, 2)
    bulk, runs = world.shopify.bulk, 0
    for spoil, words in WAYS_TO_FAIL:
        spoil(bulk)
        run = await start(world, dry_run=True)
        await world.workers_run()
        await gathered(world)
        told = await state(world, run["id"])
        assert (told["state"], told["way"], told["read"], told["counts"]["created"]) == ("done", "pages", 3, 2), words
        assert words in told["note"]
        bulk.allowed, bulk.limit_reached, runs = True, False, runs + 1
    assert asked(world, "HistoryPage") == runs
    assert "could not gather the orders in bulk" in (await world.open_page("/connect/history")).text


async def test_a_file_that_is_gone_or_broken_leads_to_pages_without_counting_twice(world: World) -> None:
    run = await half_read(world)
    world.shopify.bulk.files = dict.fromkeys(world.shopify.bulk.files, b"<html>" * 99999)
    await world.workers_run()
    told = await state(world, run["id"])
    assert (told["state"], told["way"], told["read"], told["counts"]["created"]) == ("done", "pages", 23, 22)
    assert "could not be read" in told["note"]
    assert await lines_stored(world) == [(30, 30, 29)] * 22


async def test_two_workers_start_one_operation_that_counts(world: World) -> None:
    """Those of the slower ones are cancelled."""
    await world.ready()
    await jane(world)
    await past(world, 1)
    world.shopify.bulk.held = True
    run = await start(world, dry_run=False)
    await asyncio.gather(*(import_step(world.deps, run["id"]) for _ in range(3)))
    [kept] = await world.rows("SELECT operation_id FROM connect_imports")
    going_on = [each.gid for each in world.shopify.shops[SHOP].bulk_operations.values() if each.status != "CANCELING"]
    assert [kept["operation_id"]] == going_on


ORDER = b'{"id": "gid://shopify/Order/1", "name": "#1"}'
ITEM = b'{"id": "gid://shopify/LineItem/7", "name": "Mug", "__parentId": "gid://shopify/Order/%d"}'


def test_lines_find_their_orders() -> None:
    orders, loose = read_rows([ORDER, ITEM % 2, ITEM % 1])
    assert [[each["name"] for each in order["lineItems"]["nodes"]] for order in orders] == [["Mug"]]
    assert [(order_id, line["name"]) for order_id, line in loose] == [("2", "Mug")]


@pytest.mark.parametrize("line", [b"[]", b"<html>", b"", b"\xff"])
def test_what_is_no_line_of_such_a_file_is_found_out(line: bytes) -> None:
    with pytest.raises(FileLost):
        read_rows([ORDER, line])


def test_both_ways_ask_for_the_same() -> None:
    by_pages = parse(operation("app.connect", "history_page"))
    in_bulk = parse(bulk_query(HistoryImport(created_at=datetime.now(UTC))))
    ways = [_leaves(document) for document in (by_pages, in_bulk)]
    assert ways[0] == ways[1]
    assert {"tags", "customer.defaultPhoneNumber.phoneNumber", "lineItems.quantity"} <= ways[0]


def _leaves(document: DocumentNode) -> set[str]:
    """The fields of an order that are asked for, by their paths, whatever they are wrapped in."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}

    def within(node: Any, path: str) -> Iterator[str]:
        for each in node.selection_set.selections:
            if isinstance(each, FragmentSpreadNode):
                yield from within(fragments[each.name.value], path)
            elif each.name.value in ("orders", "edges", "node", "nodes"):
                yield from within(each, path)
            elif each.name.value != "pageInfo":
                name = f"{path}.{each.name.value}".removeprefix(".")
                yield from within(each, name) if each.selection_set is not None else [name]

    [query] = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    return set(within(query, ""))
