"""Exactly one confirmation of STOP: in the words' language, before the block, in time or not at all."""

import asyncio

import pytest

from app.consent.opt_out_link import opt_out_link
from app.shops.models import Shop
from app.shops.queries import find_shop
from tests.world import ADA, SENDER, SHOP, World

BEING_BLOCKED = "SELECT 1 FROM suppressions WHERE blocking_until IS NOT NULL"


def blocked(world: World) -> bool:
    return world.ringcentral.state.has_opted_out(SENDER, ADA)


async def confirmation_of(world: World) -> str:
    [event] = await world.rows("SELECT confirmation FROM consent_events WHERE source = 'sms' ORDER BY seq DESC LIMIT 1")
    return str(event["confirmation"])


async def settings(world: World, **values: object) -> None:
    assert (await world.api("PUT", "/settings", values)).status_code == 200


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        ("STOP", "Demo Store: You are unsubscribed"),
        ("alto", "Demo Store: Te has dado de baja"),
        ("Arrêt svp", "Demo Store : votre désabonnement"),
        ("please stop texting me", "Demo Store: You are unsubscribed"),
    ],
)
async def test_the_app_confirms_once_in_the_language_of_the_words_and_only_then_blocks(
    world: World, words: str, starts: str
) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    for _ in range(3):
        await world.texts_from(ADA, words)
    [text] = world.texts_on(ADA)
    assert text.startswith(starts)
    assert not blocked(world)  # RingCentral would not have let the confirmation through
    assert await confirmation_of(world) == "none: repeated"
    await world.advance(minutes=6, seconds=1)
    await world.workers_run()
    assert blocked(world)
    assert len(world.texts_on(ADA)) == 1


async def test_the_merchants_choice_wins_over_what_the_number_says(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await settings(world, stop_confirmation="provider")
    await world.texts_from(ADA, "STOP")
    assert world.texts_on(ADA) == []
    assert await confirmation_of(world) == "provider"


async def test_where_the_provider_confirms_only_words_it_does_not_know_are_confirmed_here(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "stop please")
    assert len(world.texts_on(ADA)) == 1
    await world.texts_from(ADA, "STOP")  # RingCentral's own answer comes on top of a wish that was already confirmed
    own = [each for each in await world.messages() if each["kind"] == "stop_confirmation"]
    assert len(own) == 1
    assert await confirmation_of(world) == "provider"


async def test_app_down_for_ten_minutes(world: World) -> None:
    """Read too late for a confirmation: the wish is followed, nothing is sent, and the log says why."""
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await world.recurring_run()
    world.ringcentral.lose_webhooks = True
    await world.ringcentral.customer_texts(ADA, SENDER, "STOP")
    world.ringcentral.lose_webhooks = False
    await world.advance(minutes=16)
    await world.recurring_run()
    assert world.texts_on(ADA) == []
    assert world.ada.consent == "UNSUBSCRIBED"
    assert await confirmation_of(world) == "none: read too late"
    [message] = await world.messages(kind="stop_confirmation")
    assert (message["state"], message["reason"]["code"]) == ("skipped", "confirmation_too_late")
    assert blocked(world)


async def test_a_provider_away_for_ten_minutes_gets_no_late_confirmation_out(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    world.ringcentral.fail_next(503, times=100)
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=5, seconds=1)
    await world.workers_run()
    assert world.texts_on(ADA) == []
    [message] = await world.messages(kind="stop_confirmation")
    assert message["state"] == "expired"


async def test_a_doubtful_reply_takes_nothing_from_the_confirmation_of_a_clear_one(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await world.texts_from(ADA, "you said reply STOP to opt out")
    assert world.texts_on(ADA) == []
    await world.texts_from(ADA, "STOP")
    assert len(world.texts_on(ADA)) == 1


async def test_who_opted_out_by_telephone_gets_no_text_at_all(world: World) -> None:
    """RingCentral blocks the number by then, so a confirmation would only be refused."""
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await world.api("POST", "/opt-outs", {"phone": ADA, "method": "phone"})
    await world.workers_run()
    await world.texts_from(ADA, "STOP")
    await world.texts_from(ADA, "HELP")
    assert world.texts_on(ADA) == []
    assert await world.messages() == []
    assert await confirmation_of(world) == "none: blocked already"


@pytest.mark.parametrize("route", ["staff", "page"])
async def test_an_opt_out_by_another_way_does_not_overtake_the_confirmation_of_a_stop(world: World, route: str) -> None:
    """The confirmation has to wait for RingCentral; meanwhile the same number is opted out by staff or on the page."""
    world.number_leaves_stop_to_the_app()
    await world.ready()
    world.ringcentral.fail_next(503, times=2)
    await world.texts_from(ADA, "STOP")
    assert world.texts_on(ADA) == []
    if route == "staff":
        assert (await world.api("POST", "/opt-outs", {"phone": ADA, "method": "phone"})).status_code == 201
    else:
        link = opt_out_link(world.deps.vault, world.url, await the_shop(world), ADA)
        address, token = link.split("?t=")
        assert (await world.http.post(address, data={"t": token})).status_code == 200
    for _ in range(4):
        await world.advance(seconds=15)
        await world.workers_run()
    assert not blocked(world)
    assert len(world.texts_on(ADA)) == 1
    await world.advance(minutes=6)
    await world.workers_run()
    assert blocked(world)
    assert len(world.texts_on(ADA)) == 1


async def test_a_stop_that_comes_while_the_number_is_being_blocked_is_answered_by_nobody(world: World) -> None:
    """Its confirmation would be refused: either it was there before the block, and is waited for, or it is not sent."""
    world.number_leaves_stop_to_the_app()
    await world.ready()
    await world.api("POST", "/opt-outs", {"phone": ADA, "method": "phone"})
    world.ringcentral.hang_next(1.5, path="/sms/consents")
    blocking = asyncio.create_task(world.workers_run())
    while not await world.rows(BEING_BLOCKED):  # noqa: ASYNC110  # the state is the database's
        await asyncio.sleep(0.01)
    await world.ringcentral.customer_texts(ADA, SENDER, "STOP")
    await world.workers_run()
    await blocking
    assert await confirmation_of(world) == "none: blocked already"
    assert world.texts_on(ADA) == []
    assert blocked(world)
    assert await world.rows(BEING_BLOCKED) == []


async def the_shop(world: World) -> Shop:
    async with world.deps.db.transaction() as session:
        shop = await find_shop(session, SHOP)
    assert shop is not None
    return shop


async def test_a_late_refusal_does_not_undo_start(world: World) -> None:
    """A text that RingCentral blocked before START is reported as failed after it."""
    await world.ready()
    await world.order()
    world.ringcentral.delivery_outcomes[ADA] = "SMS-RC-413"
    await world.workers_run()
    await world.advance(seconds=10)
    await world.texts_from(ADA, "STOP")
    await world.advance(seconds=10)
    await world.texts_from(ADA, "START")
    await world.advance(minutes=2)
    await world.workers_run()
    assert [each["state"] for each in await world.messages(kind="order_confirmed")] == ["failed"]
    assert await world.rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") == []


async def test_a_block_that_only_a_refusal_tells_of_is_an_opt_out(world: World) -> None:
    await world.ready()
    world.ringcentral.delivery_outcomes[ADA] = "SMS-RC-413"
    await world.order()
    await world.workers_run()
    await world.advance(minutes=2)
    await world.workers_run()
    assert await world.rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") != []
    await world.workers_run()
    assert world.ada.consent == "UNSUBSCRIBED"
