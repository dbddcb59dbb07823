"""STOP, HELP and START, from the customer's phone to Shopify's consent."""

import pytest

from tests.world import ADA, SENDER, SHOP, World


async def state_in_shopify(world: World) -> str:
    await world.workers_run()
    return str(world.shopify.shops[SHOP].customers[world.ada.id].consent)


@pytest.mark.parametrize("word", ["STOP", "stop.", "End", "CANCEL", "unsubscribe", "Quit"])
async def test_stop_is_in_force_before_the_next_send(world: World, word: str) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.order()  # its webhook has arrived, its text has not left
    await world.texts_from(ADA, word)
    assert await state_in_shopify(world) == "UNSUBSCRIBED"
    first, second = [each for each in await world.messages() if each["kind"] == "order_confirmed"]
    assert first["state"] in ("accepted", "sent", "delivered")
    assert second["state"] in ("skipped", "cancelled")
    assert second["reason"]["code"] == "opted_out"


async def test_the_provider_confirms_stop_and_the_app_stays_silent(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "STOP")
    assert [each for each in await world.messages() if each["kind"] == "stop_confirmation"] == []
    assert len(world.texts_on(ADA)) == 2  # the order, and RingCentral's own confirmation


async def test_the_app_confirms_stop_once_where_the_provider_does_not(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "STOP")
    await world.texts_from(ADA, "STOP")
    assert world.texts_on(ADA)[1:] == [
        "Demo Store: You are unsubscribed and will get no more texts. Reply START to resume."
    ]


async def test_words_the_provider_does_not_know_are_confirmed_by_the_app_and_written_to_its_list(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "please stop texting me")
    assert len(world.texts_on(ADA)) == 1
    assert await state_in_shopify(world) == "UNSUBSCRIBED"
    await world.advance(minutes=7)
    await world.workers_run()
    assert (SENDER, ADA) in {(each["from"], each["to"]) for each in (await opt_outs_at_ringcentral(world))}


async def opt_outs_at_ringcentral(world: World) -> list[dict[str, str]]:
    token = await world.http.post(
        f"{world.ringcentral.url}/restapi/oauth/token",
        data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": world.jwt},
        auth=("simulated-client", "simulated-secret"),
    )
    found = await world.http.post(
        f"{world.ringcentral.url}/restapi/v2/accounts/~/sms/consents/search",
        json={"from": [SENDER], "optStatus": "OptOut"},
        headers={"Authorization": f"Bearer {token.json()['access_token']}"},
    )
    records: list[dict[str, str]] = found.json()["records"]
    return records


async def test_who_opted_in_again_is_not_refused_before_shopify_knows(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.texts_from(ADA, "START")
    assert await state_in_shopify(world) == "SUBSCRIBED"
    # As it is while Shopify has not answered yet.
    await world.rows("UPDATE consent_events SET written_to_shopify_at = NULL WHERE change = 'opt_in'")
    customer = world.shopify.shops[SHOP].customers[world.ada.id]
    customer.consent = "UNSUBSCRIBED"
    await world.order()
    await world.workers_run()
    [text] = [each for each in await world.messages() if each["kind"] == "order_confirmed"]
    assert text["state"] == "queued"
    checks = (await world.api("GET", f"/messages/{text['id']}")).json()["checks"]
    assert checks[-1] == {
        "code": "resubscribing",
        "passed": None,
        "sentence": "Shopify is being told that the customer opted in again",
    }
    customer.consent = "SUBSCRIBED"
    await world.rows("UPDATE consent_events SET written_to_shopify_at = $1 WHERE change = 'opt_in'", world.clock())
    await world.advance(seconds=15)
    await world.workers_run()
    assert "has been confirmed" in world.texts_on(ADA)[-1]


async def test_what_shopify_says_counts_once_it_has_been_told(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.texts_from(ADA, "START")
    await world.workers_run()
    world.shopify.shops[SHOP].customers[world.ada.id].consent = "UNSUBSCRIBED"
    await world.advance(seconds=5)
    await world.order()
    await world.workers_run()
    [text] = [each for each in await world.messages() if each["kind"] == "order_confirmed"]
    assert text["reason"]["code"] == "unsubscribed"


async def test_start_lifts_the_stop_here_and_in_shopify(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    assert await state_in_shopify(world) == "UNSUBSCRIBED"
    await world.advance(minutes=1)
    await world.texts_from(ADA, "START")
    assert await state_in_shopify(world) == "SUBSCRIBED"
    await world.order()
    await world.workers_run()
    assert "has been confirmed" in world.texts_on(ADA)[-1]


async def test_subscribing_again_in_shopify_does_not_lift_a_stop(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    await world.order()
    await world.workers_run()
    [message] = [each for each in await world.messages() if each["kind"] == "order_confirmed"]
    assert message["reason"]["code"] == "opted_out"


async def test_help_is_answered_once_an_hour(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "HELP")
    await world.texts_from(ADA, "info")
    assert len(world.texts_on(ADA)) == 1
    assert "STOP" in world.texts_on(ADA)[0]
    assert "Demo Store" in world.texts_on(ADA)[0]
    await world.advance(hours=1, seconds=1)
    await world.texts_from(ADA, "HELP")
    assert len(world.texts_on(ADA)) == 2


async def test_help_is_not_answered_to_who_opted_out(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    before = len(world.texts_on(ADA))
    await world.texts_from(ADA, "HELP")
    assert len(world.texts_on(ADA)) == before


async def test_asking_to_cancel_an_order_is_not_an_opt_out(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "please cancel my order")
    await world.order()
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1


async def test_a_stop_whose_webhook_was_lost_is_found(world: World) -> None:
    await world.ready()
    await world.recurring_run()
    world.ringcentral.lose_webhooks = True
    await world.texts_from(ADA, "STOP")
    assert world.shopify.shops[SHOP].customers[world.ada.id].consent == "SUBSCRIBED"
    world.ringcentral.lose_webhooks = False
    await world.advance(minutes=5, seconds=1)
    await world.recurring_run()
    assert await state_in_shopify(world) == "UNSUBSCRIBED"


async def test_a_start_that_is_found_late_does_not_undo_a_newer_stop(world: World) -> None:
    await world.ready()
    await world.recurring_run()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    world.ringcentral.lose_webhooks = True
    await world.texts_from(ADA, "START")
    world.ringcentral.lose_webhooks = False
    await world.advance(minutes=1)
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=6)
    await world.recurring_run()
    assert await state_in_shopify(world) == "UNSUBSCRIBED"


async def test_a_start_that_is_found_late_does_not_undo_what_staff_were_told_since(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.recurring_run()
    world.ringcentral.lose_webhooks = True
    await world.texts_from(ADA, "START")
    world.ringcentral.lose_webhooks = False
    await world.advance(minutes=1)
    told = {"phone": ADA, "method": "phone", "words": "I changed my mind, stop"}
    assert (await world.api("POST", "/opt-outs", told)).status_code == 201
    await world.advance(minutes=5)
    await world.recurring_run()
    assert len(await world.rows("SELECT 1 FROM inbound_messages WHERE meaning = 'opt_in'")) == 1
    [suppression] = await world.rows("SELECT lifted_at FROM suppressions")
    assert suppression["lifted_at"] is None


async def test_help_that_is_read_days_later_is_not_answered_any_more(world: World) -> None:
    await world.ready()
    await world.recurring_run()
    world.ringcentral.lose_webhooks = True
    await world.texts_from(ADA, "HELP")
    world.ringcentral.lose_webhooks = False
    await world.advance(days=2)
    await world.recurring_run()
    assert world.texts_on(ADA) == []
    [message] = await world.messages()
    assert (message["kind"], message["state"], message["reason"]["code"]) == (
        "help_reply",
        "skipped",
        "answer_too_late",
    )
    await world.texts_from(ADA, "HELP")  # the hour between two answers does not count from one that never left
    assert len(world.texts_on(ADA)) == 1


async def test_several_stops_at_once_are_confirmed_once(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    for _ in range(4):
        await world.ringcentral.customer_texts(ADA, SENDER, "STOP")
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1


async def test_a_text_that_comes_twice_is_handled_once(world: World) -> None:
    await world.ready()
    world.ringcentral.duplicate_webhooks = True
    await world.texts_from(ADA, "HELP")
    await world.texts_from(ADA, "hello there")
    assert len(await world.rows("SELECT 1 FROM inbound_messages")) == 2


async def test_staff_can_record_an_opt_out(world: World) -> None:
    await world.ready()
    assert world.ada.consent == "SUBSCRIBED"
    response = await world.api("POST", "/opt-outs", {"phone": "(212) 555-0123", "method": "phone", "words": "no more"})
    assert response.status_code == 201
    assert await state_in_shopify(world) == "UNSUBSCRIBED"
