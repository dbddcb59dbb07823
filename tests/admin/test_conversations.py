"""Customers and staff write to each other: in order, read once, and never to who opted out."""

import asyncio
import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

from app.main import create_app
from app.messages.conversations import key_of
from app.messages.names import ask_names, forget_names, known_names, unasked
from tests.connect.stage import JANE_OWN, JANET, client_of, jane_texts
from tests.connect.test_alerts import paid
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


def names_asked(world: World) -> int:
    return sum(each.operation == "NamesByPhone" for each in world.shopify.requests)


async def page_with(world: World, path: str, words: str) -> str:
    """The page as soon as it says so: what is not known yet is asked for beside the answer."""
    pages = [(await world.open_page(path)).text]
    while words not in pages[-1]:
        assert len(pages) < 200, words
        pages.append((await world.open_page(path)).text)
    return pages[-1]


async def test_names_stand_beside_numbers_once_shopify_has_said_them(world: World) -> None:
    """The page does not wait for them, asks once for all its numbers, and asks nothing again for a while."""
    key = await start(world)
    await world.texts_from("+13055550142", "Who is this?")
    path = "/messages/conversations"
    first = (await world.open_page(path)).text
    assert ("Ada Lovelace" in first, 'data-every="2"' in first) == (False, True)
    later = await page_with(world, path, "Ada Lovelace")
    assert ('data-every="10"' in later, "+1 305-555-0142" in later) == (True, True)
    assert 'heading="Ada Lovelace"' in (await world.open_page(f"{path}/{key}")).text
    for place in ("/", "/messages", f"/messages/{(await world.messages())[0]['id']}"):
        shown = (await world.open_page(place)).text
        assert ("Ada Lovelace" in shown, 'data-every="2"' in shown) == (True, False), place
    assert names_asked(world) == 1
    await world.advance(minutes=20)
    await page_with(world, path, "Ada Lovelace")
    assert names_asked(world) == 2


async def test_a_name_that_shows_does_not_come_and_go_while_it_is_asked_for_anew(world: World) -> None:
    """It is renewed before its time is over, and goes with its time when Shopify does not answer."""
    await start(world)
    path = "/messages/conversations"
    await page_with(world, path, "Ada Lovelace")
    for asked in (2, 3):
        world.clock.advance(minutes=12)
        looks = [(await world.open_page(path)).text]
        while names_asked(world) < asked or unasked(world.deps, 1, [ADA]):
            assert len(looks) < 200
            looks.append((await world.open_page(path)).text)
        assert all("Ada Lovelace" in page and 'data-every="10"' in page for page in looks)
    await world.deps.db.pool.execute("UPDATE shops SET access_token_encrypted = NULL, needs_reauth = true")
    world.clock.advance(minutes=12)
    await ask_names(world.deps, 1, [ADA])
    assert known_names(world.deps, 1, [ADA]) == {ADA: "Ada Lovelace"}
    world.clock.advance(minutes=3)
    assert known_names(world.deps, 1, [ADA]) == {}


async def test_a_name_leaves_the_memory_within_a_quarter_of_an_hour_though_nobody_looks(world: World) -> None:
    await start(world)
    await ask_names(world.deps, 1, [ADA])
    world.clock.advance(minutes=15 - 1)
    assert is_in_memory(world, "Ada Lovelace")
    app = create_app(lambda: nullcontext(world.deps))
    async with app.router.lifespan_context(app):
        await until(lambda: not is_in_memory(world, "Ada Lovelace"))


async def test_names_are_forgotten_again_and_again(world: World) -> None:
    await start(world)
    forgetting = asyncio.create_task(forget_names(world.deps, every=timedelta(0)))
    for _ in range(2):
        await ask_names(world.deps, 1, [ADA])
        assert is_in_memory(world, "Ada Lovelace")
        world.clock.advance(minutes=15)
        await until(lambda: not is_in_memory(world, "Ada Lovelace"))
    forgetting.cancel()


def is_in_memory(world: World, words: str) -> bool:
    return words in str(vars(world.deps.names))


async def until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError


async def test_names_that_shopify_does_not_say_are_not_asked_for_at_every_look(world: World) -> None:
    await start(world)
    await world.deps.db.pool.execute("UPDATE shops SET access_token_encrypted = NULL, needs_reauth = true")
    await ask_names(world.deps, 1, [ADA])
    assert (known_names(world.deps, 1, [ADA]), unasked(world.deps, 1, [ADA])) == ({}, [])
    await world.advance(minutes=2)
    assert unasked(world.deps, 1, [ADA]) == [ADA]
    assert unasked(world.deps, 2, [ADA]) == [ADA], "another shop's own question"


async def test_a_question_stays_in_sight_though_keywords_came_after_it(world: World) -> None:
    await world.ready()
    for words in ("Hello", "Where is my mug?", "STOP", "START"):
        await world.texts_from(ADA, words)
    assert "Where is my mug?" in (await world.open_page("/messages/conversations")).text
    await world.open_page(f"/messages/conversations/{key_of(world.deps.vault.fingerprint(ADA))}")
    read = (await world.open_page("/messages/conversations")).text
    assert "Where is my mug?" not in read
    assert "START" in read


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


async def test_who_wrote_to_an_affiliate_is_shown_as_hers_and_answered_by_her_alone(world: World) -> None:
    """Until the customer writes to the shop's own number."""
    await world.ready()
    account_id = await jane_texts(world)
    await paid(await client_of(world, "orders"))
    await world.workers_run()
    await world.texts_from(JANET, "Do you have it in red?", to=JANE_OWN)
    key = key_of(world.deps.vault.fingerprint(JANET))
    path = f"/messages/conversations/{key}"
    for place in ("/", "/messages/conversations", path):
        assert "Customer of Jane Doe" in (await world.open_page(place)).text, place
    page = (await world.open_page(path)).text
    hers = "This customer wrote to the number of Jane Doe, who answers on their own page."
    assert (hers in page, 'name="text"' in page) == (True, False)
    refused = await world.api("POST", f"/conversations/{key}/replies", {"text": "It does", "once": "not-hers-at-all"})
    assert (refused.status_code, refused.json()["error"]) == (409, hers)
    [message] = await world.messages()
    for place in (path, f"/messages/{message['id']}"):
        seen = (await world.open_page(place)).text
        assert (f'href="/connect/accounts/{account_id}"' in seen, "admin/orders/connect:" in seen) == (True, False), (
            place
        )

    await world.texts_from(JANET, "Or do you, Demo Store?", to=SENDER)
    for place in ("/", "/messages/conversations", path):
        assert "Customer of Jane Doe" not in (await world.open_page(place)).text, place
    answer = await world.api("POST", f"/conversations/{key}/replies", {"text": "We do", "once": "ours-to-answer"})
    assert answer.status_code == 201


async def test_who_wrote_to_an_affiliate_that_is_gone_is_the_shops_to_answer(world: World) -> None:
    await world.ready()
    account_id = await jane_texts(world)
    await paid(await client_of(world, "orders"))
    await world.workers_run()
    await world.texts_from(JANET, "Do you have it in red?", to=JANE_OWN)
    await world.api("DELETE", f"/connect/accounts/{account_id}")
    key = key_of(world.deps.vault.fingerprint(JANET))
    page = (await world.open_page(f"/messages/conversations/{key}")).text
    assert ("Customer of" in page, 'name="text"' in page, "View account" in page) == (False, True, False)
