"""Pages that keep themselves up to date: what is new comes in, and nobody is disturbed by it."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from app.messages.conversations import key_of
from app.messages.names import forget_names_of
from tests.admin.test_conversations import page_with
from tests.browser import Browser, browsing
from tests.world import ADA, SHOP, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]

STEP = 5  # seconds
LOOKS_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


COUNTS_LOOKS = """() => {
  if (window.looks) return;
  window.looks = { begun: 0, underWay: [] };
  const asks = window.fetch;
  const whole = async (given) => {
    const text = await given.text();
    const { ok, status, redirected, headers } = given;
    return { ok, status, redirected, headers, text: async () => text };
  };
  window.fetch = (url, options) => {
    const answer = asks(url, options);
    if (!options?.headers?.['X-Fragment']) return answer;
    looks.begun += 1;
    const all = answer.then(whole);
    looks.underWay.push(all.catch(() => null));
    return all;
  };
}"""
"""Once such an answer is there, all of it is, and the page plans its next look before anything else can happen."""
ALL_ANSWERED = "Promise.all(looks.underWay).then(() => true)"
RENEWS = """async () => {
  const { go, renew } = await import(document.querySelector('link[href*="/navigation.js"]').href);
  window.pages = { go, renewing: renew() };
}"""
GOES_WHILE_RENEWED = """async () => {
  const going = window.pages.go('/messages/conversations');
  await window.pages.go(location.href, { push: false, stays: true });
  await going;
}"""


async def test_a_reply_comes_in_while_somebody_writes_the_answer(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    for number in range(20):
        await world.texts_from(ADA, f"Question {number}")
    key = key_of(world.deps.vault.fingerprint(ADA))
    async with browsing(world, height=700) as browser:
        await browser.open(f"/messages/conversations/{key}", "+1 212-555-0123")
        await expect(browser.app.get_by_text("Question 19")).to_be_in_viewport()
        answer = browser.app.get_by_label("Your answer")
        await answer.fill("We are looking")
        await browser.in_frame("window.stays = document.querySelector('#talk').scrollTop")

        await world.texts_from(ADA, "Are you there?")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.app.get_by_text("Are you there?", exact=True)).to_be_in_viewport()
        await expect(browser.app.get_by_role("status").filter(has_text="The customer wrote: Are you")).to_be_attached()
        await expect(answer).to_have_value("We are looking")
        await expect(answer).to_be_focused()
        await expect(browser.app.get_by_text("Show 1 earlier text")).to_be_attached()
        await expect(browser.app.locator("#talk > .talk > li")).to_have_count(21)
        await expect(browser.app.locator("details .talk > li")).to_have_count(1)
        assert "unread" not in (await world.open_page("/")).text, "who has it open reads it"

        await browser.in_frame("document.querySelector('#talk').scrollTop = 0")
        await world.texts_from(ADA, "STOP")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.page.locator("#accessory")).to_have_text("Opted out")
        assert await browser.in_frame("document.querySelector('#talk').scrollTop") == 0, "who reads above stays there"
        await expect(answer).to_have_value("We are looking")
        await answer.fill("")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.app.get_by_text("no text may be sent to this number")).to_be_visible()

        await browser.open("/messages/conversations", "Conversations")
        await world.texts_from("+13055550142", "Who is this?")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.app.get_by_text("Who is this?")).to_be_visible()
        await expect(browser.app.get_by_role("listitem").first).to_contain_text("1 new")
        await expect(browser.app.get_by_role("status")).to_have_text("New text from +1 305-555-0142.")


async def test_a_name_that_comes_late_is_shown_and_is_no_news(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "Is it here?")
    path = "/messages/conversations"
    async with browsing(world) as browser:
        await browser.open(path, "Conversations")
        row = browser.app.get_by_role("listitem")
        await expect(row.get_by_role("link", name="+1 212-555-0123")).to_be_visible()
        await page_with(world, path, "Ada Lovelace")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(row.get_by_role("link", name="Ada Lovelace")).to_be_visible()
        assert await browser.app.locator("[data-said]").text_content() == ""
        await world.texts_from(ADA, "Are you there?")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(row).to_contain_text("2 new")
        await expect(browser.app.locator("[data-said]")).to_have_text("New text from Ada Lovelace.")

        forget_names_of(world.deps, 1)
        one = f"{path}/{key_of(world.deps.vault.fingerprint(ADA))}"
        await browser.open(one, "+1 212-555-0123")
        await page_with(world, one, "Ada Lovelace")
        await browser.in_frame(LOOKS_AGAIN)
        await browser.shows("Ada Lovelace")
        await expect(browser.app.get_by_text("+1 212-555-0123", exact=True)).to_be_visible()
        assert await browser.app.locator("[data-said]").text_content() == ""


async def test_a_name_comes_late_to_the_log_and_to_a_text_and_moves_nothing(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.advance(minutes=5)
    await world.workers_run()
    async with browsing(world) as browser:
        await browser.open("/messages", "Messages")
        row = browser.app.get_by_role("row", name="Order confirmed #1001")
        to = row.get_by_role("cell").nth(1)
        await expect(to).not_to_contain_text("Ada Lovelace")
        before = await to.bounding_box()
        await page_with(world, "/messages", "Ada Lovelace")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(to).to_contain_text("Ada Lovelace")
        await expect(to).to_contain_text("+1 212-555-0123")
        assert await to.bounding_box() == before
        assert await browser.app.locator("[data-said]").text_content() == ""

        forget_names_of(world.deps, 1)
        [text] = await world.messages()
        one = f"/messages/{text['id']}"
        await browser.open(one, "Order confirmed #1001")
        await browser.in_frame("document.querySelector('#text').dataset.same = 'yes'")
        await page_with(world, one, "Ada Lovelace")
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.app.locator("[data-part=to]")).to_contain_text("Ada Lovelace")
        await expect(browser.app.locator("#text[data-same]")).to_have_count(1)
        assert await looks_in(browser, seconds=60) == 0, "this text has come to its end, and its name is known"


async def test_a_text_to_somebody_without_a_name_is_not_looked_at_for_ever(world: World) -> None:
    await world.ready()
    await world.order(customer=world.shopify.add_customer(SHOP, phone="+12125550177", consent="SUBSCRIBED"))
    await world.workers_run()
    await world.advance(minutes=5)
    await world.workers_run()
    [text] = await world.messages()
    assert text["state"] == "delivered"
    async with browsing(world) as browser:
        await browser.open(f"/messages/{text['id']}", "Order confirmed #1001")
        assert await looks_in(browser, seconds=10) <= 2
        assert await looks_in(browser, seconds=60) == 0


async def test_the_log_follows_its_texts_and_holds_new_ones_back(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    async with browsing(world) as browser:
        await browser.open("/messages", "Messages")
        row = browser.app.get_by_role("row", name="Order confirmed #1001")
        await expect(row).to_contain_text("On its way")
        await row.get_by_role("link").focus()
        await world.advance(minutes=1)
        await world.order()
        await world.workers_run()
        await browser.in_frame(LOOKS_AGAIN)
        await expect(row).to_contain_text("Delivered")
        await expect(row.get_by_role("link")).to_be_focused()
        await expect(browser.app.get_by_text("#1002")).to_be_hidden()
        await browser.app.get_by_role("button", name="Show 1 new text").click()
        await expect(browser.app.get_by_role("link", name="Order confirmed #1002")).to_be_focused()
        await expect(row).to_contain_text("Delivered")
        await browser.app.get_by_role("link", name="Order confirmed #1002").click()
        await browser.shows("Order confirmed #1002")
        await world.advance(minutes=1)
        await world.workers_run()
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.page.locator("#accessory")).to_have_text("Delivered")
        await expect(browser.app.get_by_text("On its way", exact=True)).to_be_visible()  # in the timeline

        answered = asyncio.Event()
        await browser.page.route("**/messages/*?*", lambda route: when(answered, route))
        await browser.in_frame(RENEWS)
        await browser.go_to("Messages")
        answered.set()
        await browser.in_frame("window.pages.renewing")
        await browser.shows("Messages")  # and not again what was left
        await browser.in_frame(GOES_WHILE_RENEWED)
        await browser.shows("Conversations")

        await browser.load("/")
        await expect(browser.app.get_by_text("Empty. New texts leave at once.")).to_be_visible()
        await world.api("POST", "/connection/pause")
        await world.order()
        await world.workers_run()
        await browser.in_frame(LOOKS_AGAIN)
        await expect(browser.app.get_by_text("1 text waiting")).to_be_visible()
        await expect(browser.app.locator("[data-part=today] .figure", has_text="Waiting")).to_contain_text("1")


async def when(moment: asyncio.Event, route: Route) -> None:
    await moment.wait()
    await route.continue_()


async def test_pages_rest_while_nobody_looks_and_while_the_server_does_not_answer(world: World) -> None:
    await world.ready()
    async with browsing(world) as browser:
        await browser.open("/messages/conversations", "Conversations")
        await browser.in_frame(HIDE, True)
        assert await looks_in(browser, seconds=60) == 0
        await browser.in_frame(HIDE, False)
        assert await looks_in(browser, seconds=60) == 4  # after 11 more seconds, 12, 13, 14: nothing happens

        await browser.page.route("**/messages/conversations**", lambda route: route.abort())
        assert await looks_in(browser, seconds=120) == 3  # after 15 more, 30, 60
        await browser.page.unroute("**/messages/conversations**")
        await world.texts_from("+13055550142", "Who is this?")
        assert await looks_in(browser, seconds=130) == 3  # after what is left of 120, then 10, 11: something happened
        await expect(browser.app.get_by_text("Who is this?")).to_be_visible()


async def looks_in(browser: Browser, *, seconds: int) -> int:
    """How often the page asked while its time went by, in steps, each of which waits for what was asked in it."""
    await browser.in_frame(COUNTS_LOOKS)
    await browser.in_frame(ALL_ANSWERED)
    before: int = await browser.in_frame("looks.begun")
    for _ in range(0, seconds, STEP):
        await browser.page.clock.run_for(STEP * 1000)
        await browser.in_frame(ALL_ANSWERED)
    begun: int = await browser.in_frame("looks.begun")
    return begun - before
