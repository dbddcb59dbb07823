"""A shop that sends by High Volume SMS: the same promises over another road."""

from typing import Any

import pytest

from app.simulator.ringcentral.handsets import record_consent
from app.simulator.ringcentral.message_records import count_segments
from app.simulator.ringcentral.state import A2P_FEATURES
from tests.world import ADA, SENDER, World

HIGH_VOLUME, BATCHES = "+16505550103", "/a2p-sms/batches"


def give_high_volume_number(world: World, *, scope: bool = True) -> None:
    """The merchant's user gets a High Volume number; *scope*: the RingCentral application may use such numbers."""
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, HIGH_VOLUME, features=A2P_FEATURES)
    if scope:
        world.ringcentral.scopes = (*world.ringcentral.scopes, "A2PSMS")


async def ready(world: World) -> None:
    give_high_volume_number(world)
    await world.install()
    await world.connect(number=HIGH_VOLUME)
    await world.workers_run()  # the first look into the stores, after the subscription was made
    world.ringcentral.requests.clear()
    assert world.ada.consent == "SUBSCRIBED"


async def connection(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (await world.api("GET", "/connection")).json()
    return found


def calls(world: World, path: str) -> list[str]:
    return [each.path for each in world.ringcentral.requests if each.path.endswith(path)]


async def test_numbers_are_told_with_their_transport_and_the_chosen_one_keeps_it(world: World) -> None:
    await ready(world)
    told = await connection(world)
    assert {number["phone_number"]: number["transport"] for number in told["numbers"]} == {
        SENDER: "sms",
        HIGH_VOLUME: "a2p",
    }
    assert (told["phone_number"], told["transport"], told["stop_confirmed_by"]) == (HIGH_VOLUME, "a2p", "app")
    assert {finding["level"] for finding in told["findings"]} == {"ok"}
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 29")
    rows = (await world.api("GET", "/diagnostics")).json()
    assert "Up to 20 texts go out each minute." in str(rows)
    assert "high_volume.access" in {finding["code"] for finding in told["findings"]}


async def test_a_high_volume_number_without_the_scope_cannot_be_chosen(world: World) -> None:
    give_high_volume_number(world, scope=False)
    await world.install()
    await world.api("PUT", "/connection", {"jwt": world.jwt})
    refused = await world.api("PUT", "/connection/number", {"phone_number": HIGH_VOLUME})
    assert refused.status_code == 422
    assert "A2PSMS" in refused.json()["errors"]["phone_number"]


async def test_an_order_is_texted_once_and_its_delivery_is_told_by_the_event(world: World) -> None:
    await ready(world)
    await world.order()
    await world.workers_run()
    [text] = world.texts_on(ADA)
    assert "order" in text
    assert calls(world, "/sms") == []
    await world.advance(seconds=10)
    await world.ringcentral.deliver_status_events()
    await world.workers_run()
    [message] = await world.messages()
    assert message["state"] == "delivered"
    told = (await world.api("GET", f"/messages/{message['id']}")).json()
    assert told["cost_micros"] == 7000 * count_segments(text)
    assert calls(world, "/a2p-sms/messages") == []


async def test_a_delivery_whose_event_was_lost_is_read_from_the_store(world: World) -> None:
    await ready(world)
    world.ringcentral.lose_webhooks = True
    for _ in range(2):
        await world.order()
        await world.workers_run()
    await world.advance(seconds=50)
    await world.workers_run()
    assert [message["state"] for message in await world.messages()] == ["delivered", "delivered"]
    assert len(calls(world, "/a2p-sms/messages")) == 1


async def test_a_text_that_the_carrier_refused_says_why(world: World) -> None:
    await ready(world)
    world.ringcentral.delivery_outcomes[ADA] = "SMS-CAR-411"
    await world.order()
    await world.workers_run()
    await world.advance(seconds=10)
    await world.ringcentral.deliver_status_events()
    await world.workers_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("failed", "SMS-CAR-411")


@pytest.mark.parametrize("taken_over", [True, False])
async def test_a_lost_answer_leads_to_exactly_one_text(world: World, taken_over: bool) -> None:
    await ready(world)
    world.ringcentral.drop_next(path=BATCHES, after_accepting=taken_over)
    await world.order()
    await world.workers_run()
    [message] = await world.messages()
    assert message["state"] == "unknown"
    await world.advance(seconds=11)
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
    [message] = await world.messages()
    assert message["state"] == "accepted"


async def test_a_recipient_rejected_in_the_answer_has_failed(world: World) -> None:
    await ready(world)
    world.ringcentral.rejections[ADA] = "SMS-RC-410"
    await world.order()
    await world.workers_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("failed", "SMS-RC-410")


async def test_stop_is_confirmed_once_by_the_app_and_nothing_follows(world: World) -> None:
    await ready(world)
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "STOP", to=HIGH_VOLUME)
    [_, confirmation] = world.texts_on(ADA)
    assert "Demo Store" in confirmation
    await world.shopify.settle()
    assert world.ada.consent == "UNSUBSCRIBED"
    await world.texts_from(ADA, "STOP", to=HIGH_VOLUME)
    await world.order()
    await world.advance(minutes=10)
    await world.recurring_run()
    assert len(world.texts_on(ADA)) == 2
    [consent] = world.ringcentral.state.consents.values()
    assert (consent.from_, consent.to, consent.opt_status) == (HIGH_VOLUME, ADA, "OptOut")


async def test_a_stop_whose_event_was_lost_is_found_in_the_store(world: World) -> None:
    await ready(world)
    world.ringcentral.lose_webhooks = True
    await world.texts_from(ADA, "STOP", to=HIGH_VOLUME)
    assert world.ada.consent == "SUBSCRIBED"
    await world.advance(minutes=6)
    await world.recurring_run()
    await world.shopify.settle()
    assert world.ada.consent == "UNSUBSCRIBED"


async def test_an_opt_out_that_only_the_providers_list_tells_is_adopted(world: World) -> None:
    """The event of the old list, as long as RingCentral sends it."""
    await ready(world)
    await opt_out_at_ringcentral(world)
    await world.order()
    await world.workers_run()
    assert world.texts_on(ADA) == []


async def opt_out_at_ringcentral(world: World) -> None:
    number = world.ringcentral.state.numbers[HIGH_VOLUME]
    record_consent(world.ringcentral, number, ADA, "OptOut", source="Carrier")
    await world.ringcentral.deliver_status_events()
    await world.workers_run()
    await world.advance(minutes=1)
    await world.workers_run()


async def test_help_is_answered_from_the_number_that_was_asked(world: World) -> None:
    await ready(world)
    await world.texts_from(ADA, "HELP", to=HIGH_VOLUME)
    [answer] = [text for text in world.ringcentral.texts_of(ADA) if text["direction"] == "in"]
    assert answer["from"] == HIGH_VOLUME


async def test_a_conversation_stays_on_its_number_whatever_its_transport(world: World) -> None:
    give_high_volume_number(world)
    await world.ready()
    added = await world.api("PUT", "/connection", {"jwt": world.jwt, "add": True})
    assert added.status_code == 200, added.text
    twice = await world.api("PUT", "/connection/number", {"phone_number": SENDER})
    assert twice.status_code == 422
    chosen = await world.api("PUT", "/connection/number", {"phone_number": HIGH_VOLUME})
    assert chosen.status_code == 200, chosen.text
    noah = world.shopify.add_customer("demo-store.myshopify.com", first_name="Noah", phone="+14155550167")
    await world.texts_from(ADA, "Hello", to=SENDER)
    await world.texts_from("+14155550167", "Hello", to=HIGH_VOLUME)
    for customer in (noah, world.ada, noah, world.ada):
        await world.order(customer)
        await world.workers_run()
    assert senders_on(world, ADA) == [SENDER, SENDER]
    assert senders_on(world, "+14155550167") == [HIGH_VOLUME, HIGH_VOLUME]


def senders_on(world: World, phone: str) -> list[str]:
    return [text["from"] for text in world.ringcentral.texts_of(phone) if text["direction"] == "in"]


async def test_choosing_another_number_makes_its_replies_heard(world: World) -> None:
    """The subscription names High Volume numbers one by one."""
    give_high_volume_number(world)
    await world.ready()
    [before] = world.ringcentral.state.subscriptions.values()
    await world.api("PUT", "/connection/number", {"phone_number": HIGH_VOLUME})
    [after] = world.ringcentral.state.subscriptions.values()
    assert before.id != after.id
    await world.texts_from(ADA, "STOP", to=HIGH_VOLUME)
    await world.shopify.settle()
    assert world.ada.consent == "UNSUBSCRIBED"
