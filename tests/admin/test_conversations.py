"""Customers and staff write to each other: in order, read once, and never to who opted out."""

import re
from datetime import timedelta

from app.messages.conversations import key_of
from tests.world import ADA, SENDER, World


async def start(world: World) -> str:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.advance(minutes=5)
    await world.texts_from(ADA, "Can you leave it with the neighbour?")
    return key_of(world.deps.vault.fingerprint(ADA))


async def test_staff_answer_a_customer_and_the_page_shows_both_in_order(world: World) -> None:
    key = await start(world)
    home = (await world.open_page("/")).text
    assert "1 unread" in home
    assert f"/messages/conversations/{key}" in home
    page = (await world.open_page(f"/messages/conversations/{key}")).text
    assert page.index("has been confirmed") < page.index("Can you leave it with the neighbour?")
    assert "unread" not in (await world.open_page("/")).text

    for _ in range(2):  # a click that was repeated because its answer got lost
        body = {"text": "Of course – we’ll tell the driver.", "once": "first-answer"}
        answer = await world.api("POST", f"/conversations/{key}/replies", body)
        assert answer.status_code == 201, answer.text
    await world.workers_run()
    assert world.texts_on(ADA)[1:] == ["Of course - we'll tell the driver."]
    assert "Of course - we&#39;ll tell" in (await world.open_page(f"/messages/conversations/{key}")).text
    assert (await world.messages())[-1]["kind"] == "staff_reply"


async def test_who_opted_out_gets_no_answer_and_staff_see_why(world: World) -> None:
    world.number_leaves_stop_to_the_app()
    key = await start(world)
    await world.api("POST", f"/conversations/{key}/replies", {"text": "In a minute", "once": "waits-for-it"})
    await world.texts_from(ADA, "STOP")
    refused = await world.api("POST", f"/conversations/{key}/replies", {"text": "Why?", "once": "another-one"})
    assert refused.status_code == 409
    assert "opted out" in refused.json()["error"]
    page = (await world.open_page(f"/messages/conversations/{key}")).text
    assert "no text may be sent" in page
    assert page.index('<p class="bubble">STOP</p>') < page.index("You are unsubscribed"), (
        "the customer's word comes before its answer"
    )
    assert re.search(r'<s-badge slot="accessory" tone="warning"[^>]*>Opted out</s-badge>', page)
    assert "Opted out" in (await world.open_page("/messages/conversations")).text


async def test_a_long_conversation_shows_what_is_new_and_keeps_the_rest_at_hand(world: World) -> None:
    key = await start(world)
    for number in range(24):
        await world.ringcentral.customer_texts(ADA, SENDER, f"Hello {number}")
    await world.workers_run()
    page = (await world.open_page(f"/messages/conversations/{key}")).text
    assert "Show 6 earlier texts" in page
    assert page.index("has been confirmed") < page.index("</details>") < page.rindex("Hello ")
    assert "26 new" not in (await world.open_page("/messages")).text, "who opened it has read it"


async def test_an_answer_waits_for_the_sending_hours_unless_the_customer_is_awake(world: World) -> None:
    key = await start(world)
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"}})
    await world.advance(hours=10)  # three hours past closing time in New York, and nobody has written since
    late = (await world.api("POST", f"/conversations/{key}/replies", {"text": "Done!", "once": "late-answer"})).json()
    assert late["waits"]
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
    await world.texts_from(ADA, "Still awake here")
    now = (await world.api("POST", f"/conversations/{key}/replies", {"text": "So are we", "once": "awake-one"})).json()
    assert not now["waits"]
    await world.workers_run()
    assert world.texts_on(ADA)[1:] == ["So are we"]
    await world.advance(hours=12)
    await world.workers_run()
    assert world.texts_on(ADA)[2:] == ["Done!"]


async def test_what_cannot_be_answered_says_so(world: World) -> None:
    key = await start(world)
    empty = await world.api("POST", f"/conversations/{key}/replies", {"text": " ", "once": "empty-one"})
    assert empty.json() == {"errors": {"text": "Write your answer first."}}
    world.clock.advance(seconds=timedelta(days=31).total_seconds())
    old = await world.api("POST", f"/conversations/{key}/replies", {"text": "Hello", "once": "after-a-month"})
    assert old.status_code == 409
    for unknown in ("AAAA", "***"):
        assert (await world.open_page(f"/messages/conversations/{unknown}")).status_code == 404
