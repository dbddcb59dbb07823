"""Shopify's three privacy webhooks, what is forgotten by itself, and what a stolen copy of the database would tell."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.core.remembered import Answer
from app.messages.names import known_names
from app.shops.models import Shop
from app.shops.settings import read_settings_of
from tests.compliance.dump import dump, opened, personal_values
from tests.world import ADA, API_SECRET, SHOP, World

OTHER = "other-store.myshopify.com"
BEN = "+13125550142"
ADAS_WORDS = "Please stop these messages Zanzibar"


async def journey(world: World) -> None:
    """Two customers with texts, answers, an opt-out; a webhook that could not be read; a call in the line."""
    await world.ready()
    ben = world.shopify.add_customer(SHOP, first_name="Benedikt", last_name="Quux", phone=BEN, email="b@quux.example")
    for customer in (world.ada, ben):
        order = await world.order(customer)
        await world.workers_run()
        await world.shopify.fulfil_order(SHOP, order)
        await world.workers_run()
    await world.texts_from(BEN, "When will it come? Benedikt")
    await world.texts_from(ADA, "HELP")
    await world.texts_from(ADA, "STOP")
    await world.api("POST", "/opt-outs", {"phone": ADA, "method": "phone", "words": ADAS_WORDS})
    await world.shopify.send_webhook(SHOP, "orders/create", b'{"id": "Benedikt ' + BEN.encode() + b'"')
    await world.workers_run()


async def audit(world: World, action: str) -> list[dict[str, Any]]:
    rows = await world.rows("SELECT detail FROM audit_events WHERE action = $1 ORDER BY id", action)
    return [json.loads(row["detail"]) for row in rows]


async def test_a_stolen_copy_of_the_database_tells_nothing(world: World) -> None:
    await journey(world)
    await world.shopify.send_data_request(SHOP, world.ada)
    await world.workers_run()
    await world.order(world.ada)  # a call that nobody has handled yet
    copy = await dump(world)
    assert len(copy) > 20_000
    shop = world.shopify.shops[SHOP]
    words = [ADA, ADA[2:], BEN[2:], "Lovelace", "Benedikt", "has been confirmed", "When will it come", "Zanzibar"]
    secrets = [world.jwt, world.jwt.split(".")[1], API_SECRET, "operators-only"]
    secrets += [each for token in shop.tokens for each in (token.access_token, token.refresh_token)]
    for secret in [*words, *secrets]:
        assert secret.encode() not in copy, secret
    assert b"#1001" in copy, "the search would find something"


async def test_a_customer_is_redacted_everywhere_and_only_that_customer(world: World) -> None:
    await journey(world)
    await world.shopify.send_data_request(SHOP, world.ada)
    await world.workers_run()
    await world.advance(seconds=30)  # RingCentral's own account of the STOP is handled after its text
    await world.workers_run()
    fingerprint = world.deps.vault.fingerprint(ADA)
    for _ in range(2):
        await world.shopify.send_customers_redact(SHOP, world.ada)
        await world.workers_run()
    left = await personal_values(world)
    assert {"messages.phone_encrypted", "inbound_messages.text_encrypted", "data_requests.file_encrypted"} <= set(left)
    for column, values in left.items():
        for value in values:
            text = opened(world, value)
            assert ADA not in text, column
            assert "Zanzibar" not in text, column
            assert "Lovelace" not in text, column
    assert any(BEN in opened(world, value) for value in left["messages.phone_encrypted"]), "Ben is as before"
    # The opt-out is kept as a keyed hash, and by it alone: a new text to this number would still be stopped.
    for table, expected in (("suppressions", 1), ("messages", 0), ("inbound_messages", 0)):
        rows = await world.rows(f"SELECT 1 FROM {table} WHERE phone_hash = $1", fingerprint)
        assert len(rows) == expected, table
    changes = await world.rows("SELECT DISTINCT change FROM consent_events WHERE phone_hash = $1", fingerprint)
    assert [row["change"] for row in changes] == ["opt_out"]
    assert str(world.ada.id).encode() not in await dump(world)
    first, second = await audit(world, "customer_redacted")
    assert first["messages"] >= 2
    assert second["messages"] <= first["messages"]


async def test_a_redacted_customer_who_had_opted_out_is_still_left_alone(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.shopify.send_customers_redact(SHOP, world.ada)
    await world.workers_run()
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    before = len(world.texts_on(ADA))
    await world.order()
    await world.workers_run()
    assert [message["reason"]["code"] for message in await world.messages() if message["state"] == "skipped"] == [
        "opted_out"
    ]
    assert len(world.texts_on(ADA)) == before


async def test_a_data_request_becomes_a_file_that_leaves_once(world: World) -> None:
    await journey(world)
    await world.shopify.send_data_request(SHOP, world.ada)
    await world.workers_run()
    [listed] = (await world.api("GET", "/data-requests")).json()["data_requests"]
    assert listed["available"]
    assert listed["customer_id"] == str(world.ada.id)
    assert (await world.open_page("/settings/privacy")).text.count("Download</s-button>") == 1

    made = await world.api("POST", f"/data-requests/{listed['id']}/link")
    url = made.json()["url"]
    assert url.startswith(world.url + "/data-requests/")
    file = await world.http.get(url)
    assert file.status_code == 200
    assert file.headers["cache-control"] == "no-store"
    assert file.headers["content-disposition"].startswith("attachment; filename=")
    content = file.json()
    assert {text["to"] for text in content["texts_sent"]} == {ADA}
    assert any("has been confirmed" in text["text"] for text in content["texts_sent"])
    assert "STOP" in [text["text"] for text in content["texts_received"]]
    assert ADAS_WORDS in [change["words"] for change in content["consent_changes"]]
    assert content["opt_outs"][0]["phone"] == ADA
    assert content["proof"]["intact"]
    assert {"local_time", "checks"} <= set(content["texts_sent"][0])
    assert {"wording", "rule", "hash", "previous_hash"} <= set(content["consent_changes"][0])
    assert BEN not in file.text

    assert (await world.http.get(url)).status_code == 404, "it works once"
    assert await audit(world, "data_file_downloaded")
    assert (await world.api("GET", "/data-requests")).json()["data_requests"][0]["downloaded_at"]


async def test_a_link_is_good_for_ten_minutes_for_one_file_and_only_as_it_was_made(world: World) -> None:
    await world.ready()
    await world.shopify.send_data_request(SHOP, world.ada)
    await world.workers_run()
    [listed] = (await world.api("GET", "/data-requests")).json()["data_requests"]
    link = f"/data-requests/{listed['id']}/link"
    old, new = [(await world.api("POST", link)).json()["url"] for _ in range(2)]
    for url in (
        old,
        new[:-2],
        new + "AA",
        new.replace("/data-requests/", "/data-requests/A"),
        f"{world.url}/data-requests/é",
    ):
        assert (await world.http.get(url)).status_code == 404
    await world.advance(minutes=10)
    assert (await world.http.get(new)).status_code == 404
    fresh = (await world.api("POST", link)).json()["url"]
    assert (await world.http.get(fresh)).status_code == 200
    world.shopify.add_shop(OTHER)
    world.shopify.install(OTHER)
    assert (await world.api("POST", link, domain=OTHER)).status_code == 404
    assert (await world.api("GET", "/data-requests", domain=OTHER)).json() == {"data_requests": []}
    for wrong in ("0", "-1", "abc", "99999999999999999999"):
        assert (await world.api("POST", f"/data-requests/{wrong}/link")).status_code == 404


async def test_a_repeated_data_request_makes_one_file(world: World) -> None:
    await world.ready()
    payload = {"customer": {"id": world.ada.id, "phone": ADA}, "orders_requested": [], "data_request": {"id": 9999}}
    for _ in range(2):
        await world.shopify.send_webhook(SHOP, "customers/data_request", payload)
        await world.workers_run()
    [listed] = (await world.api("GET", "/data-requests")).json()["data_requests"]
    assert listed["request_id"] == "9999"
    assert len(await audit(world, "data_requested")) == 2


@pytest.mark.parametrize(
    "customer",
    [{"id": None, "phone": "(212) 555-0123"}, {"phone": ADA}, {"email": "ada@example.com", "phone": None}, None],
    ids=["phone as people write it", "phone alone", "e-mail alone", "nobody"],
)
async def test_a_customer_may_be_named_in_any_way(world: World, customer: dict[str, Any] | None) -> None:
    await world.ready()
    order = await world.order()
    await world.workers_run()
    payload = {"customer": customer, "orders_to_redact": [order.id] if not (customer or {}).get("phone") else []}
    assert (await world.shopify.send_webhook(SHOP, "customers/redact", payload)).status_code == 200
    await world.workers_run()
    [message] = await world.rows("SELECT phone_hash, text_encrypted, customer_id FROM messages")
    assert tuple(message.values()) == (None, None, None)


async def test_names_in_memory_are_forgotten_with_a_customer_and_with_a_shop(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    kim, later = "+13055550142", world.clock() + timedelta(days=9)
    for phone in (ADA, kim):
        world.deps.names.keep((1, world.deps.vault.fingerprint(phone)), Answer("Somebody", due=later, until=later))
    await world.shopify.send_customers_redact(SHOP, world.ada)
    await world.workers_run()
    assert known_names(world.deps, 1, [ADA, kim]) == {kim: "Somebody"}
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    await world.advance(hours=48)
    await world.shopify.send_shop_redact(SHOP)
    await world.workers_run()
    assert known_names(world.deps, 1, [kim]) == {}


async def test_they_are_answered_for_a_shop_that_has_left_and_then_it_is_gone(world: World) -> None:
    await journey(world)
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    world.shopify.requests.clear()
    await world.shopify.send_data_request(SHOP, world.ada)
    await world.shopify.send_customers_redact(SHOP, world.ada)
    await world.workers_run()
    assert len(await audit(world, "customer_redacted")) == 1
    assert len(await audit(world, "data_requested")) == 1
    await world.advance(hours=48)
    for _ in range(2):
        await world.shopify.send_shop_redact(SHOP)
        await world.workers_run()
    assert await world.rows("SELECT 1 FROM shops") == []
    for row in await world.rows(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'shop_id'"
    ):
        name = row["table_name"]
        left = await world.rows(f'SELECT * FROM "{name}" WHERE shop_id IS NOT NULL')
        assert [dict(each) for each in left if name != "deliveries"] == [], name
    assert not any(values for column, values in (await personal_values(world)).items())
    assert world.shopify.requests == []
    await world.shopify.send_customers_redact(SHOP, world.ada)
    await world.workers_run()
    assert {each.status for each in world.shopify.deliveries if "redact" in each.topic} == {200}


async def test_a_shop_that_came_back_is_not_erased_by_late_news(world: World) -> None:
    await world.ready()
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    await world.advance(hours=47)
    await world.install()
    await world.advance(hours=1)
    await world.shopify.send_shop_redact(SHOP)
    await world.workers_run()
    assert [row["domain"] for row in await world.rows("SELECT domain FROM shops")] == [SHOP]
    assert await audit(world, "shop_redact_refused")


# --- what is forgotten by itself ---


async def test_texts_phones_and_calls_are_forgotten_after_their_days(world: World) -> None:
    await journey(world)
    saved = await world.api(
        "PUT", "/settings", {"retention": {"texts_days": 10, "phones_days": 30, "deliveries_days": 2}}
    )
    assert saved.json()["retention"] == {"texts_days": 10, "phones_days": 30, "deliveries_days": 2}
    texts = "SELECT 1 FROM messages WHERE text_encrypted IS NOT NULL OR sent_text_encrypted IS NOT NULL"
    phones = (
        "SELECT 1 FROM messages WHERE phone_encrypted IS NOT NULL OR phone_hash IS NOT NULL OR customer_id IS NOT NULL"
    )
    words = "SELECT 1 FROM inbound_messages WHERE text_encrypted IS NOT NULL"
    callers = "SELECT 1 FROM inbound_messages WHERE phone_encrypted IS NOT NULL"
    # A handled call is kept for two days so that its repetition is still recognised.
    calls = "SELECT 1 FROM deliveries WHERE topic = 'orders/create'"
    seen = []
    for days in (1, 2, 8, 20):
        await world.advance(days=days)
        await world.recurring_run()
        seen.append([bool(await world.rows(query)) for query in (calls, texts, words, phones, callers)])
    assert seen == [
        [True, True, True, True, True],
        [False, True, True, True, True],
        [False, False, False, True, True],
        [False, False, False, False, False],
    ]
    assert await world.rows("SELECT 1 FROM suppressions WHERE phone_encrypted IS NOT NULL"), "opt-outs are proof"
    assert await world.rows("SELECT 1 FROM consent_events WHERE words_encrypted IS NOT NULL")
    assert len(await world.messages()) >= 4, "the log keeps its rows"


async def test_a_text_that_still_waits_keeps_what_it_needs(world: World) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"retention": {"texts_days": 1, "phones_days": 7}})
    world.ringcentral.fail_next(503, times=500)
    await world.order()
    await world.workers_run()
    await world.rows("UPDATE messages SET created_at = created_at - interval '400 days', expires_at = NULL")
    await world.advance(minutes=1)
    await world.recurring_run()
    [row] = await world.rows("SELECT state, phone_hash FROM messages")
    assert row["state"] == "queued"
    assert row["phone_hash"] is not None


@pytest.mark.parametrize(
    "retention", [{"texts_days": 0}, {"phones_days": 1}, {"deliveries_days": 31}, {"texts_days": "x"}, {"all": 1}, 7]
)
async def test_a_wish_that_cannot_be_kept_is_refused(world: World, retention: object) -> None:
    await world.install()
    answer = await world.api("PUT", "/settings", {"retention": retention})
    assert answer.status_code == 422
    assert next(iter(answer.json()["errors"])).startswith("retention")


def test_settings_of_before_have_the_defaults() -> None:
    assert read_settings_of(Shop(settings={})).retention.texts_days == 180
