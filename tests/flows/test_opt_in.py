"""START, YES and the first text: nobody is signed up by chance, and who is new is told what comes."""

import pytest

from app.message_templates.segments import count_segments
from tests.world import ADA, SENDER, SHOP, World

NOAH = "+14155550167"


async def settings(world: World, **values: object) -> None:
    assert (await world.api("PUT", "/settings", values)).status_code == 200


async def test_a_stranger_is_not_signed_up_by_a_word_unless_the_shop_wants_it(world: World) -> None:
    await world.ready()
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone=NOAH, consent="NEVER_SUBSCRIBED")
    for words in ("START", "yes", "subscribe"):
        await world.texts_from(NOAH, words)
    assert world.texts_on(NOAH) == []
    assert noah.consent == "NEVER_SUBSCRIBED"


async def test_a_keyword_opt_in_asks_once_and_yes_completes_it(world: World) -> None:
    await world.ready()
    await settings(world, keyword_opt_in=True)
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone=NOAH, consent="NEVER_SUBSCRIBED")
    await world.texts_from(NOAH, "subscribe")
    [question] = world.texts_on(NOAH)
    assert question.startswith("Demo Store: Reply YES")
    assert noah.consent == "NEVER_SUBSCRIBED"
    await world.advance(minutes=1)
    await world.texts_from(NOAH, "Yes please!")
    assert noah.consent == "SUBSCRIBED"
    assert noah.opt_in_level == "CONFIRMED_OPT_IN"
    assert world.texts_on(NOAH)[1].startswith("Demo Store: You will get order updates by text.")
    [event] = await world.rows("SELECT * FROM consent_events WHERE change = 'opt_in'")
    assert (event["method"], event["wording"]) == ("double_opt_in", question)
    await world.texts_from(NOAH, "yes")  # the question has been answered
    assert len(world.texts_on(NOAH)) == 2


@pytest.mark.parametrize("answer", ["STOP", "too late"])
async def test_yes_means_nothing_after_stop_or_a_day_later(world: World, answer: str) -> None:
    await world.ready()
    await settings(world, keyword_opt_in=True)
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone=NOAH, consent="NEVER_SUBSCRIBED")
    await world.texts_from(NOAH, "subscribe")
    if answer == "STOP":
        await world.texts_from(NOAH, "STOP")
    else:
        await world.advance(hours=24, seconds=1)
    await world.advance(minutes=1)
    await world.texts_from(NOAH, "yes")
    assert noah.consent in ("NEVER_SUBSCRIBED", "UNSUBSCRIBED")
    assert await world.rows("SELECT 1 FROM consent_events WHERE change = 'opt_in'") == []


@pytest.mark.parametrize("late", ["yes", "subscribe"])
async def test_words_that_are_read_late_neither_answer_a_later_question_nor_raise_one(world: World, late: str) -> None:
    await world.ready()
    await settings(world, keyword_opt_in=True)
    await world.recurring_run()
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone=NOAH, consent="NEVER_SUBSCRIBED")
    world.ringcentral.lose_webhooks = True
    await world.texts_from(NOAH, late)
    world.ringcentral.lose_webhooks = False
    await world.advance(hours=1)
    if late == "yes":
        await world.texts_from(NOAH, "subscribe")
    await world.recurring_run()
    assert len(world.texts_on(NOAH)) == (1 if late == "yes" else 0)
    if late == "subscribe":
        await world.texts_from(NOAH, "yes")
    assert noah.consent == "NEVER_SUBSCRIBED"
    assert await world.rows("SELECT 1 FROM consent_events WHERE change = 'opt_in'") == []


async def test_start_is_told_to_ringcentral_before_anything_is_sent_again(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=7)
    await world.workers_run()
    assert world.ringcentral.state.has_opted_out(SENDER, ADA)
    world.ringcentral.fail_next(503, times=1, path="/consents")
    await world.texts_from(ADA, "START")
    assert len(world.texts_on(ADA)) == 1  # RingCentral does not know yet, so the answer waits
    await world.advance(seconds=10)
    await world.workers_run()
    assert not world.ringcentral.state.has_opted_out(SENDER, ADA)
    assert world.texts_on(ADA)[1].startswith("Demo Store: You will get order updates by text again.")


async def test_the_first_text_says_what_comes_where_the_shop_switched_that_on(world: World) -> None:
    await world.ready()
    await settings(world, first_text_disclosure=True)
    await world.order()
    await world.workers_run()
    await world.order()
    await world.workers_run()
    first, second = world.texts_on(ADA)
    assert first.endswith(
        "Reply STOP to opt-out.\nDemo Store order texts: msg frequency varies, msg & data rates may apply. "
        "Reply HELP for help, STOP to opt out."
    )
    assert second.endswith("Reply STOP to opt-out.")
    message = (await world.messages())[0]
    detail = (await world.api("GET", f"/messages/{message['id']}")).json()
    assert "first_text_disclosure" in [check["code"] for check in detail["checks"]]
    assert message["segments"] == count_segments(first).segments


async def test_the_default_wording_is_untouched_unless_switched_on(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    [text] = world.texts_on(ADA)
    assert text.endswith("Reply STOP to opt-out.")


@pytest.mark.parametrize(("word", "contents"), [
    ("HELP", ("Demo Store", "order updates", "+1", "frequency varies", "rates may apply", "STOP")),
    ("AYUDA", ("Demo Store", "pedidos", "+1", "frecuencia", "tarifas", "STOP")),
    ("AIDE", ("Demo Store", "commandes", "+1", "fréquence", "frais", "STOP")),
])  # fmt: skip
async def test_help_says_all_six_things_in_two_segments_to_anybody(
    world: World, word: str, contents: tuple[str, ...]
) -> None:
    await world.ready()
    await world.deps.db.pool.execute("UPDATE shops SET name = 'Demo Store & Sons Garden Supplies' WHERE id = 1")
    await world.texts_from(NOAH, word)  # nobody's customer
    [text] = world.texts_on(NOAH)
    assert [each for each in contents if each not in text] == []
    assert count_segments(text).segments <= 2
    assert await world.rows("SELECT 1 FROM consent_events") == []


async def test_the_shorter_help_answer_can_be_chosen(world: World) -> None:
    await world.ready()
    await settings(world, help_wording="short", contact_phone="+16505550199")
    await world.texts_from(ADA, "HELP")
    await world.advance(hours=1, seconds=1)
    await world.texts_from(ADA, "AYUDA")
    english, spanish = world.texts_on(ADA)
    assert english == (
        "Please call +16505550199 for more information, or text STOP to stop these messages. "
        "Msg & Data rates may apply."
    )
    assert spanish.startswith("Llama al +16505550199")
    page = (await world.open_page("/settings/keywords")).text
    assert "Please call +1 650-555-0199 for more information" in page


async def test_the_help_answer_can_be_switched_off(world: World) -> None:
    await world.ready()
    await settings(world, help_reply=False)
    await world.texts_from(ADA, "HELP")
    assert world.texts_on(ADA) == []


async def test_the_opt_out_link_goes_into_a_text_and_not_into_the_log(world: World) -> None:
    await world.ready()
    saved = await world.api(
        "PUT",
        "/notifications/order_confirmed",
        {"templates": {"en": "{{ shop.name }} has {{ order.name }}. End texts: {{ customer.opt_out_url }} or STOP"}},
    )
    assert saved.status_code == 200, saved.text
    await world.order()
    await world.workers_run()
    [text] = world.texts_on(ADA)
    assert f"{world.url}/c/demo-store/opt-out?t=" in text
    assert ADA[2:] not in text
    [message] = await world.messages()
    assert "[opt-out link]" in message["text"]
    assert "opt-out?t=" not in message["text"]
