"""Every page and state is fast and usable by everybody: at each width, by keyboard, in the next look, in German."""

import asyncio

import pytest
from playwright.async_api import Route as Request
from playwright.async_api import expect
from prometheus_client import REGISTRY

from app.messages.conversations import key_of
from tests.admin.test_pages import PAGES, everything_happened, unvisited
from tests.browser import Browser, browsing
from tests.connect.stage import a_section_at_work
from tests.world import ADA, SHOP, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]

REPLYING = "+14155550167"
GO_TO = """async (path) => {
  const { go } = await import(document.querySelector('link[href*="/navigation.js"]').href);
  await go(path);
}"""


def paints() -> float:
    return REGISTRY.get_sample_value("web_vitals_seconds_count", {"name": "LCP"}) or 0.0


async def a_busy_shop(world: World) -> list[str]:
    """The paths of all pages, each with something on it."""
    await world.ready()
    await a_section_at_work(world)
    await everything_happened(world)
    await world.texts_from(REPLYING, "Where is my parcel?")
    for text in ("confirmed", "thanks"):
        wording = f"{{{{ shop.name }}}}: {text}. Reply STOP to opt out."
        await world.api("PUT", "/notifications/order_confirmed", {"templates": {"en": wording}})
    ids = {message["state"]: message["id"] for message in await world.messages()}
    key = key_of(world.deps.vault.fingerprint(REPLYING))
    assert len(ids) >= 2
    return [
        *PAGES,
        *(f"/messages/{message_id}" for message_id in ids.values()),
        f"/messages/conversations/{key}",
        "/consent/number?phone=%2B12125550123",
        "/messages?q=nothing+like+it",
        "/connect/page",
        "/connect/accounts/1",
        "/connect/accounts/1/texts/connect_order_paid",
        "/settings/no-such-page",
    ]


@pytest.mark.alone
async def test_every_page_is_fast_and_walked_by_keyboard(world: World) -> None:
    paths = await a_busy_shop(world)
    assert unvisited(paths) == []
    measured = paints()
    async with browsing(world, width=1280) as browser:
        await browser.visit("/")
        for path in paths:
            await browser.page.set_viewport_size({"width": 1280, "height": 900})
            await browser.load(path)
            await browser.sight.walked_by_keyboard(path)
            await browser.sight.fast(f"{path} at 1280")
            await browser.page.set_viewport_size({"width": 390, "height": 844})
            await browser.load(path)
            await browser.sight.fast(f"{path} at 390")
    assert paints() >= measured + len(paths)  # as the operator's metrics have it


async def test_every_page_is_usable_at_every_width(world: World) -> None:
    paths = await a_busy_shop(world)
    assert unvisited(paths) == []
    async with browsing(world, width=1280) as browser:
        await browser.visit("/")
        for path in paths:
            await browser.load(path)
            await browser.sight.usable(path)
            await browser.sight.usable_in_the_next_look(path)
            await dialogs_are_usable(browser, path)


async def dialogs_are_usable(browser: Browser, path: str) -> None:
    for dialog in await browser.app.locator("s-modal").all():
        name = f"{path}, {await dialog.get_attribute('heading')}"
        await dialog.evaluate("(modal) => modal.showOverlay()")
        await browser.sight.usable(name, widths=(320,))
        await dialog.evaluate("(modal) => modal.hideOverlay()")


async def test_what_waits_or_is_missing_is_usable_too(world: World) -> None:
    world.shopify.install(SHOP)
    world.shopify.fail_next("token", status=503, times=10)
    async with browsing(world) as browser:
        await browser.visit("/")
        await expect(browser.app.get_by_text("Shopify can't be reached right now")).to_be_visible()
        await browser.sight.usable("Home while Shopify is away")
        world.shopify.faults.clear()
        await world.ready()
        await world.order()
        await world.workers_run()

        await browser.visit("/messages")
        answered = asyncio.Event()
        await browser.page.route("**/messages?*", lambda route: when(answered, route))
        await browser.app.get_by_role("searchbox").fill("1001")
        await expect(browser.app.get_by_role("table")).to_have_attribute("aria-busy", "true")
        await browser.sight.usable("the log while it is searched")
        answered.set()
        await expect(browser.app.get_by_role("table")).to_have_attribute("aria-busy", "false")

        await browser.page.route("**/polaris-*.js", lambda route: route.abort())
        await browser.visit("/settings")
        await expect(browser.app.get_by_text("Part of this page didn't load")).to_be_visible()
        await browser.sight.usable("Settings without Polaris")
        browser.problems.clear()


async def when(moment: asyncio.Event, request: Request) -> None:
    await moment.wait()
    await request.continue_()


async def test_the_longest_words_fit_at_every_width(world: World) -> None:
    """German ones; the pages are swapped as a merchant swaps them."""
    paths = await a_busy_shop(world)
    async with browsing(world, width=1280, locale="de-DE") as browser:
        await browser.visit("/")
        for path in paths:
            await browser.in_frame(GO_TO, path)
            await browser.sight.fits(f"{path} in German")
        assert await browser.in_frame("document.documentElement.lang") == "de"


async def test_a_new_shops_pages_are_usable(world: World) -> None:
    await world.install()
    async with browsing(world, width=390) as browser:
        await browser.visit("/")
        for path in PAGES:
            await browser.in_frame(GO_TO, path)
            await browser.sight.usable(f"{path} of a new shop", widths=())
            await browser.sight.fits(f"{path} of a new shop")


async def test_the_main_deeds_need_no_mouse(world: World) -> None:
    await world.install()
    assert world.ada.consent == "SUBSCRIBED"
    async with browsing(world, width=1280) as browser:
        press, write = browser.page.keyboard.press, browser.page.keyboard.type
        await a_number_is_connected(world, browser)
        await world.order()
        await world.workers_run()

        await by_menu(browser, "Templates")
        await browser.sight.tab_to("Order confirmed")
        await press("Enter")
        await browser.shows("Order confirmed")
        await browser.sight.tab_to("Text in English")
        await press("Control+End")
        await write(" Bye!")
        await browser.page.locator("#save-bar-save").press("Enter")
        await expect(browser.page.locator("#save-bar")).to_be_hidden()

        await by_menu(browser, "Messages")
        await browser.sight.tab_to("Search")
        await write("no such order")
        await expect(browser.app.get_by_text("Clear filters")).to_be_visible()
        await browser.sight.has_focus("Search")  # only the results were swapped
        await browser.sight.tab_to("Clear filters")
        await press("Enter")
        await expect(browser.app.get_by_role("link", name="Order confirmed #1001")).to_be_visible()

        await by_menu(browser, "Consent")
        await browser.page.get_by_role("button", name="Record an opt-out").press("Enter")
        await browser.sight.has_focus("Phone number")
        await write("(212) 555-0123")
        await browser.sight.tab_to("What they said")
        await write("No more texts, please")
        await browser.sight.tab_to("Record opt-out")
        await press("Enter")
        await expect(browser.app.get_by_text("No more texts, please").first).to_be_visible()
        await browser.sight.tab_to("Check number")

        await by_menu(browser, "Connect")
        await browser.page.get_by_role("button", name="Invite an account").press("Enter")
        await browser.sight.has_focus("Name")
        await write("Jane Doe")
        await browser.sight.tab_to("E-mail address")
        await write("jane@example.com")
        await browser.sight.tab_to("Invite")
        await press("Enter")
        await expect(browser.app.get_by_label("Link to send to this person", exact=True)).to_be_visible()
        await press("Escape")
        await expect(browser.app.get_by_role("dialog")).to_be_hidden()
    assert (await world.api("GET", f"/consent/check?phone={ADA[1:]}")).json()
    [account] = (await world.api("GET", "/connect/accounts")).json()["accounts"]
    assert account["name"] == "Jane Doe"


async def a_number_is_connected(world: World, browser: Browser) -> None:
    await browser.open("/settings/connection", "RingCentral")
    await browser.in_frame("document.getElementById('app').focus()")
    await browser.sight.tab_to("JWT")
    await browser.page.keyboard.insert_text(world.jwt)  # pasted
    await browser.page.keyboard.press("Enter")
    await expect(browser.app.get_by_role("button", name="Use this number")).to_be_visible()
    await browser.sight.tab_to("Use this number")
    await browser.page.keyboard.press("Enter")
    await expect(browser.app.get_by_role("button", name="Choose another number")).to_be_visible()


async def by_menu(browser: Browser, entry: str) -> None:
    """The focus then stands before the first control of the new page."""
    await browser.page.locator("#app-menu").get_by_role("link", name=entry, exact=True).press("Enter")
    await browser.shows(entry)
    assert await browser.in_frame("document.activeElement.id") == "app"
