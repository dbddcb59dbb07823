"""Texts that wait: address and area code disagree, daily limits, state rules, merged parcels; and who agreed."""

from datetime import UTC, datetime
from typing import Any

from app.messages.kinds import kinds
from app.messages.queue import About, queue_message
from tests.world import ADA, SHOP, World

WINDOW = {"enabled": True, "start": "09:00", "end": "20:00"}
LOS_ANGELES = {"first_name": "Ada", "country_code": "US", "province_code": "CA", "zip": "90012", "city": "Los Angeles"}
HOUSTON = {"first_name": "Ada", "country_code": "US", "province_code": "TX", "zip": "77002", "city": "Houston"}


async def settings(world: World, **values: object) -> None:
    response = await world.api("PUT", "/settings", values)
    assert response.status_code == 200, response.text


async def fulfilled(world: World, **fields: Any) -> dict[str, Any]:
    order = await world.order(**fields)
    await world.shopify.fulfil_order(SHOP, order)
    await world.workers_run()
    return (await world.messages(kind="order_fulfilled"))[-1]


async def checks(world: World, message_id: int) -> dict[str, str]:
    detail = (await world.api("GET", f"/messages/{message_id}")).json()
    return {check["code"]: check["sentence"] for check in detail["checks"]}


async def test_both_places_have_to_be_open_where_address_and_area_code_disagree(world: World) -> None:
    """A New York number, a parcel to Los Angeles: 9:30 in New York is 6:30 there, and 19:00 there is 22:00 here."""
    await world.ready()
    await settings(world, quiet_hours=WINDOW)
    world.clock.set(datetime(2026, 11, 24, 14, 30, tzinfo=UTC))
    held = await fulfilled(world, shipping=LOS_ANGELES)
    assert held["state"] == "queued"
    assert held["due_at"].startswith("2026-11-24T17:00")
    assert "America/Los_Angeles, America/New_York" in (await checks(world, held["id"]))["quiet_hours"]
    world.clock.set(datetime(2026, 11, 25, 3, 0, tzinfo=UTC))
    assert (await fulfilled(world, shipping=LOS_ANGELES))["due_at"].startswith("2026-11-25T17:00")
    await settings(world, quiet_both=False)
    assert (await fulfilled(world, shipping=LOS_ANGELES))["state"] != "queued"


async def test_state_rules_hold_a_sunday_morning_text_to_texas_only_where_they_are_on(world: World) -> None:
    await world.ready()
    world.clock.set(datetime(2026, 11, 29, 16, 0, tzinfo=UTC))  # Sunday, 10:00 in Houston, 11:00 in New York
    assert (await fulfilled(world, shipping=HOUSTON))["state"] != "queued"
    await settings(world, state_rules=True)
    held = await fulfilled(world, shipping=HOUSTON)
    assert held["due_at"].startswith("2026-11-29T18:00")  # noon in Houston
    assert "US-TX" in (await checks(world, held["id"]))["quiet_hours"]


async def test_a_daily_limit_holds_the_next_text_for_a_day_and_late_ones_expire(world: World) -> None:
    await world.ready()
    await settings(world, daily_cap=2)
    for _ in range(3):
        await world.order()
        await world.workers_run()
    assert len(world.texts_on(ADA)) == 2
    third = (await world.messages())[-1]
    assert third["state"] == "queued"
    assert "daily_cap" in await checks(world, third["id"])
    await world.advance(hours=3, minutes=1)
    await world.workers_run()
    assert (await world.messages())[-1]["state"] == "expired"
    await world.advance(hours=21)
    await world.order()
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 3


async def test_a_held_text_is_checked_again_when_it_is_released(world: World) -> None:
    await world.ready()
    await settings(world, quiet_hours=WINDOW)
    world.clock.set(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order)
    await world.workers_run()
    await world.shopify.set_consent(SHOP, world.ada, "UNSUBSCRIBED")
    await world.advance(hours=11, minutes=1)
    await world.workers_run()
    [held] = await world.messages(kind="order_fulfilled")
    assert (held["state"], held["reason"]["code"]) == ("skipped", "unsubscribed")


async def test_two_parcels_held_overnight_become_one_text_in_the_morning(world: World) -> None:
    await world.ready()
    await settings(world, quiet_hours=WINDOW)
    order = await world.order(items=[{"title": "Cup"}, {"title": "Plate"}])
    await world.workers_run()
    world.clock.set(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    kind = kinds.find("order_fulfilled")
    assert kind is not None
    for number in ("1ZFIRST", "1ZSECOND"):
        url = f"https://www.ups.com/track?tracknum={number}"
        await world.shopify.fulfil_order(SHOP, order, partial=number == "1ZFIRST", tracking_url=url)
        parcel = order.fulfillments[-1]
        about = About(
            subject=f"parcel-{parcel.id}",
            order_id=str(order.id),
            order_name=order.name,
            fulfillment_id=str(parcel.id),
            phone=ADA,
        )
        async with world.deps.db.transaction() as session:
            await queue_message(world.deps, session, 1, kind, about, event_at=world.clock())
    await world.workers_run()
    before = len(world.texts_on(ADA))
    await world.advance(hours=11, minutes=1)
    await world.workers_run()
    parcels = [each for each in await world.messages() if each["kind"] == "order_fulfilled"]
    states = {each["id"]: (each["state"], (each["reason"] or {}).get("code")) for each in parcels}
    assert ("skipped", "merged") in states.values()
    merged = [text for text in world.texts_on(ADA)[before:] if "1ZFIRST" in text and "1ZSECOND" in text]
    assert len(merged) == 1
    assert "Also on its way: https://www.ups.com/track?tracknum=1ZFIRST" in merged[0]


async def test_a_parcel_is_told_though_the_one_after_it_was_taken_back_overnight(world: World) -> None:
    await world.ready()
    await settings(world, quiet_hours=WINDOW)
    switched = await world.api("PUT", "/notifications/order_partially_fulfilled", {"enabled": True})
    assert switched.status_code == 200
    order = await world.order(items=[{"title": "Cup"}, {"title": "Plate"}, {"title": "Pot"}])
    await world.workers_run()
    world.clock.set(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    for number in ("1ZFIRST", "1ZSECOND"):
        url = f"https://www.ups.com/track?tracknum={number}"
        await world.shopify.fulfil_order(SHOP, order, partial=True, tracking_url=url)
        await world.workers_run()
    order.fulfillments[-1].status = "CANCELLED"
    before = len(world.texts_on(ADA))
    await world.advance(hours=11, minutes=1)
    await world.workers_run()
    [text] = world.texts_on(ADA)[before:]
    assert "1ZFIRST" in text
    assert "1ZSECOND" not in text


async def test_two_deliveries_of_one_order_are_not_told_as_parcels_on_their_way(world: World) -> None:
    await world.ready()
    order = await world.order(items=[{"title": "Cup"}, {"title": "Plate"}])
    for number in ("1ZFIRST", "1ZSECOND"):
        url = f"https://www.ups.com/track?tracknum={number}"
        await world.shopify.fulfil_order(SHOP, order, partial=number == "1ZFIRST", tracking_url=url)
    await world.workers_run()
    await settings(world, quiet_hours=WINDOW)
    world.clock.set(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    kind = kinds.find("delivered")
    assert kind is not None
    for parcel in order.fulfillments:
        about = About(str(parcel.id), order_id=str(order.id), fulfillment_id=str(parcel.id), phone=ADA)
        async with world.deps.db.transaction() as session:
            await queue_message(world.deps, session, 1, kind, about, event_at=world.clock())
    await world.workers_run()
    before = len(world.texts_on(ADA))
    await world.advance(hours=11, minutes=1)
    await world.workers_run()
    texts = world.texts_on(ADA)[before:]
    assert len(texts) == 2
    assert not any("on its way" in text for text in texts)


async def test_order_update_consent_is_a_policy_of_its_own_with_its_record(world: World) -> None:
    await world.ready()
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone="+14155550167", consent="NEVER_SUBSCRIBED")
    gone = world.shopify.add_customer(SHOP, first_name="Uma", phone="+14155550168", consent="UNSUBSCRIBED")
    early = await world.order(noah)
    await world.workers_run()
    assert world.texts_on("+14155550167") == []
    assert (await world.api("GET", "/consent/policy")).json()["policy"] == "subscribers"
    wording = "By placing your order you agree to texts about it. Msg & data rates may apply. Reply STOP to end."
    for poor in (
        {"policy": "everyone"},
        {"policy": "order_updates"},
        {"policy": "order_updates", "wording": wording, "place": "checkout"},
        {"policy": "order_updates", "wording": wording.replace("STOP", ""), "place": "checkout", "confirmed": True},
    ):
        assert (await world.api("PUT", "/consent/policy", poor)).status_code == 422
    await world.advance(minutes=1)
    good = {"policy": "order_updates", "wording": wording, "place": "checkout, below the phone", "confirmed": True}
    saved = (await world.api("PUT", "/consent/policy", good)).json()
    assert (saved["policy"], saved["wording"], saved["actor"]) == ("order_updates", wording, "staff:1")
    await world.advance(minutes=1)
    await world.shopify.fulfil_order(SHOP, early)  # ordered before the words were shown
    for customer in (noah, noah, gone):
        await world.order(customer)
    await world.workers_run()
    assert len(world.texts_on("+14155550167")) == 2
    assert world.texts_on("+14155550168") == []
    [agreed] = await world.rows("SELECT * FROM consent_events WHERE change = 'order_update_consent'")
    assert (agreed["source"], agreed["wording"], agreed["actor"]) == ("checkout", wording, "customer")
    await world.texts_from("+14155550167", "STOP")
    await world.order(noah)
    await world.workers_run()
    assert (await world.messages())[-1]["reason"]["code"] in ("unsubscribed", "opted_out")


async def test_countries_that_the_number_cannot_reach_are_named_before_the_first_text(world: World) -> None:
    await world.ready()
    found = {each["code"]: each for each in (await world.api("GET", "/diagnostics")).json()["diagnostics"]}
    assert found["countries"]["level"] == "ok"
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone="+447911123456")
    await world.order(noah)
    await world.workers_run()
    assert (await world.messages())[-1]["reason"]["code"] == "country_not_allowed"
    await settings(world, countries=["US", "CA", "GB"])
    [user] = world.ringcentral.state.users.values()
    number = world.ringcentral.add_number(user)
    number.features = ("SmsSender", "CallerId")
    await world.connect()
    found = {each["code"]: each for each in (await world.api("GET", "/diagnostics")).json()["diagnostics"]}
    assert found["countries"]["level"] == "warning"
    assert "United Kingdom" in found["countries"]["sentence"]


async def test_a_number_that_is_gone_is_not_tried_with_every_order(world: World) -> None:
    await world.ready()
    world.ringcentral.delivery_outcomes[ADA] = "SMS-CAR-411"
    await world.order()
    await world.workers_run()
    await world.advance(minutes=1)
    await world.workers_run()
    await world.order()
    await world.workers_run()
    first, second = await world.messages()
    assert first["state"] == "failed"
    assert (second["state"], second["reason"]["code"]) == ("skipped", "number_unusable")
    assert "SMS-CAR-411" in second["reason"]["sentence"]
    assert len(world.ringcentral.sent) == 1
    world.ringcentral.delivery_outcomes.clear()
    await world.advance(minutes=1)
    fresh = {"phone": ADA, "evidence": "Called us: it is a mobile again", "method": "phone"}
    assert (await world.api("POST", "/opt-ins", fresh)).status_code == 201
    await world.workers_run()
    await world.order()
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
