"""Shopify, the app and RingCentral: the strictest wins at once; what is left over is listed and settled by a click."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.consent.opt_out import Evidence
from app.messages import reconcile
from app.messages.opt_out import stop_texting
from app.messages.reconcile import reconcile_number, reconcile_shop
from app.simulator.ringcentral.handsets import record_consent
from app.sms.providers.ringcentral import consents
from tests.world import ADA, SENDER, SHOP, World

NOAH = "+14155550167"
SECOND = "+16505550177"


async def drift(world: World) -> list[dict[str, Any]]:
    response = await world.api("GET", "/consent/drift")
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["drift"]
    return found


async def settle_only(world: World) -> None:
    [only] = await drift(world)
    response = await world.api("POST", f"/consent/drift/{only['id']}/settle")
    assert response.status_code == 200, response.text
    await world.workers_run()
    assert await drift(world) == []
    assert (await world.api("POST", f"/consent/drift/{only['id']}/settle")).status_code == 404


def provider_says(world: World, phone: str, status: str, *, sender: str = SENDER) -> None:
    """RingCentral's list changes without the app hearing of it."""
    platform = world.ringcentral
    record_consent(platform, platform.state.numbers[sender], phone, status, source="Upstream")
    platform.undelivered_consents.clear()


def on_providers_list(world: World, phone: str, sender: str = SENDER) -> bool:
    return world.ringcentral.state.has_opted_out(sender, phone)


async def night_passes(world: World) -> None:
    await world.advance(days=1, seconds=1)
    await world.recurring_run()


async def test_a_resubscription_in_shopify_is_listed_lifts_nothing_and_is_settled(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    assert await drift(world) == []  # our own change came back and was recognised
    await world.advance(minutes=1)
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    await world.workers_run()
    [listed] = await drift(world)
    assert (listed["kind"], listed["phone"]) == ("shopify_subscribed", ADA)
    assert listed["sentence"].endswith(".")
    await world.order()
    await world.workers_run()
    assert [each["reason"]["code"] for each in await world.messages(kind="order_confirmed")] == ["opted_out"]
    await world.advance(minutes=1)
    await settle_only(world)
    assert world.ada.consent == "UNSUBSCRIBED"


async def test_a_recorded_fresh_consent_lifts_the_stop_everywhere(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    assert on_providers_list(world, ADA)
    await world.advance(minutes=1)
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    await world.workers_run()
    for poor in ({"phone": ADA}, {"phone": ADA, "evidence": "ok"}, {"phone": "12", "evidence": "Signed the form."}):
        assert (await world.api("POST", "/opt-ins", poor)).status_code == 422
    recorded = await world.api(
        "POST",
        "/opt-ins",
        {"phone": ADA, "method": "in_person", "evidence": "Signed our form in the shop today", "wording": "Texts?"},
    )
    assert recorded.status_code == 201
    await world.workers_run()
    assert await drift(world) == []
    assert not on_providers_list(world, ADA)
    await world.order()
    await world.workers_run()
    assert "has been confirmed" in world.texts_on(ADA)[-1]
    [event] = await world.rows("SELECT * FROM consent_events WHERE change = 'opt_in'")
    assert (event["source"], event["wording"], event["actor"]) == ("staff", None, "staff:1")
    words = world.deps.vault.decrypt(event["words_encrypted"])
    assert words == "Signed our form in the shop today\nShown or told: Texts?"


async def test_the_night_adopts_what_only_ringcentral_has(world: World) -> None:
    """Its opt-out by a road we do not know, with every event lost."""
    await world.ready()
    await world.recurring_run()
    provider_says(world, ADA, "OptOut")
    await night_passes(world)
    assert world.ada.consent == "UNSUBSCRIBED"
    await world.order()
    await world.workers_run()
    assert [each["reason"]["code"] for each in await world.messages()] == ["opted_out"]  # ours decides, before Shopify
    [event] = await world.rows("SELECT * FROM consent_events WHERE change = 'opt_out'")
    assert (event["source"], event["method"]) == ("provider", "Upstream")


async def test_the_night_lists_what_ringcentral_and_shopify_have_forgotten(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    del world.ringcentral.state.consents[f"{SENDER}|{ADA}"]
    await world.advance(minutes=1)
    world.shopify.lose_webhooks = True
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    world.shopify.lose_webhooks = False
    await night_passes(world)
    assert {each["kind"] for each in await drift(world)} == {"provider_missing", "shopify_subscribed"}
    first = (await drift(world))[0]
    await world.api("POST", f"/consent/drift/{first['id']}/settle")
    await world.workers_run()
    assert on_providers_list(world, ADA)
    assert world.ada.consent == "UNSUBSCRIBED"
    assert await drift(world) == []
    await night_passes(world)
    assert await drift(world) == []


async def compare(world: World) -> None:
    [sender] = await world.rows("SELECT id, shop_id FROM senders")
    await reconcile_number(world.deps, sender["shop_id"], sender["id"])


async def between_pages(
    world: World, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[None]]
) -> list[dict[str, Any]]:
    """RingCentral's list has two pages. What *happens* once the first is read puts its entries there. The drift."""
    monkeypatch.setattr(consents, "PER_PAGE", 1)
    for phone in (NOAH, "+14155550168"):
        await opt_out(world, phone)
    await world.advance(minutes=5)
    await world.rows("DELETE FROM pace_slots")
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 1")
    world.ringcentral.requests.clear()
    comparing = asyncio.create_task(compare(world))
    while not any(each.path.endswith("/consents/search") for each in world.ringcentral.requests):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert not comparing.done()
    await world.advance(seconds=1)
    kept = dict(world.ringcentral.state.consents)
    await happens()
    told = {key: each for key, each in world.ringcentral.state.consents.items() if key not in kept}
    assert len(told) == 1
    world.ringcentral.state.consents = told | kept
    await world.rows("UPDATE provider_users SET light_limit = 9")
    await world.advance(seconds=61)
    await comparing
    assert len([each for each in world.ringcentral.requests if each.path.endswith("/consents/search")]) >= 2
    return await drift(world)


async def opt_out(world: World, phone: str) -> None:
    """Known to the app and to RingCentral."""
    async with world.deps.db.transaction() as session:
        evidence = Evidence(source="provider", actor="ringcentral", covered_by_provider=True)
        [shop] = await world.rows("SELECT id FROM shops")
        await stop_texting(world.deps, session, shop["id"], phone, evidence)
    provider_says(world, phone, "OptOut")


async def test_a_stop_while_the_list_is_read_is_no_difference(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.ready()

    async def stop() -> None:
        await opt_out(world, ADA)

    assert await between_pages(world, monkeypatch, stop) == []
    assert len(await world.rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")) == 3


async def test_an_older_stop_that_is_written_while_the_list_is_read_is_no_difference(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ready()
    await opt_out(world, ADA)
    del world.ringcentral.state.consents[f"{SENDER}|{ADA}"]
    await world.rows("UPDATE consent_events SET written_to_provider_at = NULL")

    async def write() -> None:
        provider_says(world, ADA, "OptOut")
        await world.deps.db.pool.execute(
            "UPDATE consent_events SET written_to_provider_at = $1 WHERE written_to_provider_at IS NULL", world.clock()
        )

    assert await between_pages(world, monkeypatch, write) == []


@pytest.mark.parametrize("shop_first", [True, False])
async def test_a_number_is_compared_with_the_batch_of_its_night(
    world: World, monkeypatch: pytest.MonkeyPatch, *, shop_first: bool
) -> None:
    """More opt-outs than a night compares, all forgotten by RingCentral: each night finds the ones whose turn it is."""
    monkeypatch.setattr(reconcile, "COMPARED_A_NIGHT", 1)
    await world.ready()
    for phone in (ADA, NOAH, "+14155550168"):
        await opt_out(world, phone)
    world.ringcentral.state.consents.clear()
    [shop] = await world.rows("SELECT id FROM shops")
    found = []
    for _ in range(3):
        await world.advance(days=1)
        if shop_first:
            await reconcile_shop(world.deps, shop["id"])
            await compare(world)
        else:
            await compare(world)
            await reconcile_shop(world.deps, shop["id"])
        found.append({each["phone"] for each in await drift(world)})
    assert found == [{ADA}, {ADA, NOAH}, {ADA, NOAH, "+14155550168"}]


async def test_a_block_older_than_start_is_lifted_by_a_click_and_a_newer_one_is_adopted(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.texts_from(ADA, "START")
    world.ringcentral.state.consents[f"{SENDER}|{ADA}"].opt_status = "OptOut"
    world.ringcentral.state.consents[f"{SENDER}|{ADA}"].modified_at = world.clock() - timedelta(seconds=30)
    await night_passes(world)
    [listed] = await drift(world)
    assert listed["kind"] == "provider_blocks"
    await settle_only(world)
    assert not on_providers_list(world, ADA)
    await world.advance(minutes=1)
    provider_says(world, ADA, "OptOut")
    await night_passes(world)
    assert await drift(world) == []
    assert (await world.rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")) != []


async def test_stop_to_one_number_ends_texts_from_every_number_of_the_brand(world: World) -> None:
    await world.ready()
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, SECOND)
    await world.deps.db.pool.execute(
        "INSERT INTO senders (shop_id, provider_user_id, provider, transport, credentials_encrypted, phone_number, "
        "state, provider_confirms_stop, numbers, findings, created_at) SELECT shop_id, provider_user_id, provider, "
        f"transport, credentials_encrypted, '{SECOND}', state, provider_confirms_stop, numbers, findings, created_at "
        "FROM senders"
    )
    await world.order()  # leaves from the second number
    await world.texts_from(ADA, "STOP", to=SENDER)
    assert on_providers_list(world, ADA, SENDER)
    assert on_providers_list(world, ADA, SECOND)
    [message] = await world.messages(kind="order_confirmed")
    assert message["reason"]["code"] == "opted_out"
    assert len(world.texts_on(ADA)) == 1  # the one confirmation


async def test_the_outside_is_told_until_it_knows(world: World) -> None:
    """Shopify is away for an hour when STOP comes; here it is in force at once."""
    await world.ready()
    for _ in range(3):
        world.shopify.fail_next("graphql", status=503)
    await world.texts_from(ADA, "STOP")
    assert (await world.rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")) != []
    for _ in range(5):
        await world.advance(hours=1)
        await world.workers_run()
    assert world.ada.consent == "UNSUBSCRIBED"


async def test_two_shops_with_one_number_are_kept_apart_and_confirm_once(world: World) -> None:
    other = "other-store.myshopify.com"
    world.number_leaves_stop_to_the_app()
    world.shopify.add_shop(other, name="Other Store")
    await world.ready()
    await world.install(other)
    await world.connect(domain=other)
    await world.texts_from(ADA, "STOP")
    assert len(world.texts_on(ADA)) == 1
    [both] = await world.rows("SELECT count(DISTINCT shop_id) FROM suppressions WHERE lifted_at IS NULL")
    assert both["count"] == 2
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    await world.advance(minutes=1)
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    await world.workers_run()
    [mine] = await drift(world)
    assert (await world.api("GET", "/consent/drift", domain=other)).json() == {"drift": []}
    assert (await world.api("POST", f"/consent/drift/{mine['id']}/settle", domain=other)).status_code == 404
