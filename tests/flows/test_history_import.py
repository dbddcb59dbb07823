"""Backfill from Shopify: counted first, stored once, paused and killed and gone on with, and never a text."""

import asyncio
import json
from typing import Any

import pytest

from app.connect import history_steps
from app.connect.history_steps import import_step
from tests.connect.stage import client_of, jane, jane_texts
from tests.hosted.person import joined
from tests.world import World

BY_CODE = {"rules": [{"field": "discount_code", "pattern": "VIP-*"}]}


async def past(world: World, orders: int) -> None:
    """Jane's orders of the last weeks, and one of nobody's."""
    await world.api("PUT", "/connect/attribution", BY_CODE)
    for index in range(orders):
        await world.order(discount_codes=["VIP-jane-1"], created_at=world.clock().replace(day=1 + index % 20))
    await world.order(created_at=world.clock().replace(day=2))
    await world.workers_run()


async def start(world: World, **form: Any) -> dict[str, Any]:
    started = await world.api("POST", "/connect/imports", form)
    assert started.status_code == 201, started.text
    return dict(started.json())


async def state(world: World, import_id: int) -> dict[str, Any]:
    return dict((await world.api("GET", f"/connect/imports/{import_id}")).json())


async def test_a_dry_run_counts_and_the_import_stores_once_and_texts_nobody(world: World) -> None:
    await world.ready()
    account = await jane_texts(world)
    await past(world, 3)
    texted = len(world.ringcentral.sent)
    counted = await start(world, dry_run=True)
    await world.workers_run()
    told = await state(world, counted["id"])
    assert (told["state"], told["total"], told["read"]) == ("done", 4, 4)
    assert told["counts"] == {"created": 3, "duplicate": 0, "refused": 0, "nobody": 1, "cancelled": 0, "test": 0}
    assert told["accounts"] == {str(account): 3}
    assert await world.rows("SELECT 1 FROM connect_orders") == []
    for created, duplicate in ((3, 0), (0, 3)):
        run = await start(world, dry_run=False)
        await world.workers_run()
        told = await state(world, run["id"])
        assert (told["counts"]["created"], told["counts"]["duplicate"]) == (created, duplicate)
    client = await client_of(world, "orders")
    page = (await client.call("GET", "/api/v1/orders")).json()["data"]
    assert {(each["dont_trigger_auto_actions"], each["paid_source"], each["total"]) for each in page} == {
        (True, "shopify", "$43.50")
    }
    assert {each["profile_name"] for each in page} == {"Ada Lovelace"}
    shipped = {"order": {"shipping_link": "https://www.ups.com/track?tracknum=1Z999"}}
    await client.call("PUT", f"/api/v1/orders/{page[0]['id']}", shipped)
    await world.workers_run()
    assert len(world.ringcentral.sent) == texted


async def test_an_order_of_many_lines_is_stored_with_all_of_them(world: World) -> None:
    await world.ready()
    await jane(world)
    await world.api("PUT", "/connect/attribution", BY_CODE)
    items = [{"title": f"Mug {number}", "price": "1.00"} for number in range(30)]
    await world.order(discount_codes=["VIP-jane-1"], items=items, created_at=world.clock().replace(day=1))
    await start(world, dry_run=False)
    await world.workers_run()
    [stored] = await world.rows("SELECT count(*) AS lines, sum(price_cents) AS cents FROM connect_order_lines")
    assert (stored["lines"], stored["cents"]) == (30, 3000)


async def test_an_account_that_wants_no_history_gets_none(world: World) -> None:
    await world.ready()
    account = await jane(world)
    await past(world, 2)
    await world.deps.db.pool.execute("UPDATE connect_accounts SET import_history = 'no' WHERE id = $1", account)
    run = await start(world, dry_run=False)
    await world.workers_run()
    assert (await state(world, run["id"]))["counts"]["refused"] == 2
    assert await world.rows("SELECT 1 FROM connect_orders") == []


async def test_who_has_taken_back_their_permission_gets_none_either(world: World) -> None:
    await world.ready()
    person, account = await joined(world)
    await person.post("/settings/save", history="yes")
    await past(world, 1)
    await person.post("/leave", sure="1")
    run = await start(world, dry_run=False)
    await world.workers_run()
    assert (await state(world, run["id"]))["counts"]["refused"] == 1
    body = {"orders": [{"user_id": account, "reference_id": "1", "paid_at": "2023-01-03", "total_cents": 100}]}
    [posted] = (await (await client_of(world)).call("POST", "/api/v1/orders/bulk", body)).json()["results"]
    assert (posted["result"], posted["error"]["code"]) == ("refused", "import_refused")
    assert "taken back its permission" in posted["error"]["message"]
    assert await world.rows("SELECT 1 FROM connect_orders") == []


async def test_the_page_still_shows_an_import_for_somebody_who_was_removed(world: World) -> None:
    await world.ready()
    jane_id = await jane(world)
    await past(world, 1)
    await start(world, dry_run=False)
    await world.workers_run()
    assert "Jane Doe" in (await world.open_page("/connect/history")).text
    await world.api("DELETE", f"/connect/accounts/{jane_id}")
    page = await world.open_page("/connect/history")
    assert (page.status_code, "Jane Doe" in page.text) == (200, False)


async def test_two_windows_start_one_import(world: World) -> None:
    await world.ready()
    await world.api("PUT", "/connect/attribution", BY_CODE)
    answers = await asyncio.gather(*(world.api("POST", "/connect/imports", {"dry_run": True}) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    [run] = (await world.api("GET", "/connect/imports")).json()["imports"]
    await world.deps.db.pool.execute("UPDATE connect_imports SET state = 'failed'")
    await start(world)
    assert (await world.api("POST", f"/connect/imports/{run['id']}/resume")).status_code == 409


async def test_an_imported_order_remembers_the_rule_that_found_it(world: World) -> None:
    await world.ready()
    await jane(world)
    await world.order(discount_codes=["VIP-jane-1"], created_at=world.clock().replace(day=2))
    await world.workers_run()
    await world.api("PUT", "/connect/attribution", BY_CODE)
    await start(world, dry_run=False)
    await world.workers_run()
    [kept] = await world.rows("SELECT rule FROM connect_attributions")
    assert json.loads(kept["rule"]) == {"field": "discount_code", "name": "", "value": "VIP-jane-1"}


async def test_paused_killed_and_repeated_pages_are_each_counted_once(world: World) -> None:
    await world.ready()
    await jane(world)
    await past(world, 44)
    run = await start(world, dry_run=False)
    await import_step(world.deps, run["id"])
    first = await state(world, run["id"])
    assert (first["state"], first["total"], first["read"]) == ("running", 45, 20)
    paused = await world.api("POST", f"/connect/imports/{run['id']}/pause")
    assert paused.json()["state"] == "paused"
    await world.workers_run()
    assert (await state(world, run["id"]))["read"] == 20
    other = await world.api("POST", "/connect/imports", {"dry_run": True})
    assert other.status_code == 409
    # A worker is killed after it has asked Shopify: nothing of its page is stored, and its job is lost.
    await world.api("POST", f"/connect/imports/{run['id']}/resume")
    await world.deps.db.pool.execute("DELETE FROM pgqueuer")
    await world.advance(minutes=6)
    await world.recurring_run()
    done = await state(world, run["id"])
    assert (done["state"], done["read"], done["counts"]["created"]) == ("done", 45, 44)
    [stored] = await world.rows("SELECT count(*) AS n FROM connect_orders")
    assert stored["n"] == 44


async def test_two_workers_with_the_same_page_store_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.ready()
    await jane(world)
    await past(world, 25)
    run = await start(world, dry_run=False)
    read = history_steps._read  # the moment between reading and storing is what the test is about

    async def read_slowly(*given: Any) -> Any:
        page = await read(*given)
        monkeypatch.setattr(history_steps, "_read", read)
        await import_step(world.deps, run["id"])
        return page

    monkeypatch.setattr(history_steps, "_read", read_slowly)
    await import_step(world.deps, run["id"])
    assert (await state(world, run["id"]))["read"] == 20
    await world.workers_run()
    assert (await state(world, run["id"]))["counts"]["created"] == 25


async def test_an_import_needs_rules_and_a_past(world: World) -> None:
    await world.ready()
    refused = await world.api("POST", "/connect/imports", {"dry_run": True})
    assert "rule" in refused.json()["errors"]["since"]
    await world.api("PUT", "/connect/attribution", BY_CODE)
    for form, field in (
        ({"dry_run": 1}, "dry_run"),
        ({"since": "tomorrow"}, "since"),
        ({"since": "2030-01-01"}, "since"),
    ):
        refused = await world.api("POST", "/connect/imports", form)
        assert refused.status_code == 422, form
        assert field in refused.json()["errors"], form
    assert (await world.api("POST", "/connect/imports/1/pause")).status_code == 404
    assert (await world.api("POST", "/connect/imports/1/jump")).status_code == 404


async def test_the_bulk_address_stores_history_with_an_idempotency_key(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    body = {"orders": [{"reference_id": str(each), "paid_at": "2023-01-03", "total_cents": 100} for each in range(3)]}
    headers = {"X-Shout-Connect-ID": "jane-1", "Idempotency-Key": "page-1"}
    answers = [await client.call("POST", "/api/v1/orders/bulk", body, **headers) for _ in range(2)]
    assert [each.json()["counts"]["created"] for each in answers] == [3, 3]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    [stored] = await world.rows("SELECT count(*) AS n FROM connect_orders")
    assert stored["n"] == 3
    assert await world.messages() == []
