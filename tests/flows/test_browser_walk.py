"""The whole road as a merchant and a customer walk it, in a real browser: from installing to a STOP that is honoured.

Pictures of each step are left in `screenshots/`.
"""

from itertools import count
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import Browser, browsing
from tests.world import ADA, SHOP, World

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
OWN_WORDS = "Thank you {{ customer.first_name }}! {{ shop.name }} is packing {{ order.name }} now. Reply STOP to end."
ON_THE_PHONE = "Thank you Ada! Demo Store is packing #1001 now. Reply STOP to end."


class Walk:
    """The browser and the world it acts on, with a picture at each step."""

    def __init__(self, world: World, browser: Browser, folder: Path) -> None:
        self.world, self.browser = world, browser
        self._folder, self._steps = folder, count(1)

    async def keep(self, name: str) -> None:
        await self.browser.picture(self._folder / f"{next(self._steps):02}-{name}.png")

    async def order_is_placed(self, name: str) -> None:
        await self.browser.pick("Store")
        await self.browser.panel.get_by_role("button", name="Place order").click()
        await expect(self.browser.panel.locator("#orders")).to_contain_text(name)
        await self.world.workers_run()


async def test_a_merchant_walks_from_installing_to_a_stop_that_is_honoured(world: World) -> None:
    world.shopify.install(SHOP)
    assert world.ada.consent == "SUBSCRIBED"
    SCREENSHOTS.mkdir(exist_ok=True)
    async with browsing(world, width=1280) as browser:
        walk = Walk(world, browser, SCREENSHOTS)
        await the_app_opens_with_its_guide(walk)
        await ringcentral_is_connected(walk)
        await a_number_is_chosen(walk)
        await the_merchant_writes_their_own_words(walk)
        await an_order_becomes_a_text(walk)
        await the_customer_texts_stop(walk)
        await the_next_order_is_skipped_with_its_reason(walk)
        await each_message_tells_its_checks(walk)
    assert world.texts_on(ADA)[0] == ON_THE_PHONE
    assert [each["text"] for each in world.ringcentral.sent] == [ON_THE_PHONE]


async def the_app_opens_with_its_guide(walk: Walk) -> None:
    browser = walk.browser
    await browser.open("/", "SMS for Ecommerce", panel=True)
    await walk.world.workers_run()
    await expect(browser.app.get_by_text("Get your order texts going")).to_be_visible()
    await expect(browser.app.get_by_text("0 of 4 steps done")).to_be_visible()
    await walk.keep("opened")


async def ringcentral_is_connected(walk: Walk) -> None:
    browser = walk.browser
    await browser.app.get_by_role("link", name="Connect: Connect RingCentral").click()
    await browser.shows("RingCentral")
    await browser.pick("Keys")
    jwt = await browser.panel.locator("#keys code").first.inner_text()
    await browser.app.get_by_label("JWT").fill(jwt)
    await walk.keep("jwt-pasted")
    await browser.app.get_by_role("button", name="Connect", exact=True).click()
    await expect(browser.app.get_by_role("button", name="Use this number")).to_be_visible()
    await walk.keep("connected")


async def a_number_is_chosen(walk: Walk) -> None:
    browser = walk.browser
    await browser.app.get_by_role("button", name="Use this number").click()
    await expect(browser.app.get_by_role("button", name="Choose another number")).to_be_visible()
    await expect(browser.page.locator("#accessory")).to_have_text("Connected")
    await walk.world.workers_run()
    await walk.keep("number-chosen")


async def the_merchant_writes_their_own_words(walk: Walk) -> None:
    browser = walk.browser
    await browser.go_to("Templates")
    await walk.keep("templates")
    await browser.app.get_by_role("link", name="Order confirmed", exact=True).click()
    await browser.shows("Order confirmed")
    await browser.app.get_by_label("Text in English").fill(OWN_WORDS)
    await expect(browser.app.locator("[data-bubble]")).to_contain_text("is packing")
    await expect(browser.page.locator("#save-bar")).to_be_visible()
    await walk.keep("own-words")
    await browser.save()


async def an_order_becomes_a_text(walk: Walk) -> None:
    await walk.order_is_placed("#1001")
    await walk.keep("order-placed")
    await walk.browser.pick("Phone")
    await expect(walk.browser.panel.locator("#bubbles .in")).to_have_text(ON_THE_PHONE)
    await walk.keep("text-arrived")


async def the_customer_texts_stop(walk: Walk) -> None:
    panel = walk.browser.panel
    await panel.get_by_role("button", name="STOP").click()
    await expect(panel.locator("#bubbles .out")).to_have_text("STOP")
    await walk.world.workers_run()
    await expect(panel.locator("#phone-consent")).to_have_text("Unsubscribed")
    await walk.keep("stop")
    await walk.browser.pick("Store")
    ada = panel.locator("#customers li", has_text="Ada Lovelace")
    await expect(ada.locator(".pill")).to_have_text("Unsubscribed")
    await walk.keep("unsubscribed-in-shopify")


async def the_next_order_is_skipped_with_its_reason(walk: Walk) -> None:
    browser = walk.browser
    await walk.order_is_placed("#1002")
    text, skip = [each for each in await walk.world.messages() if each["kind"] == "order_confirmed"]
    assert (text["reason"], skip["reason"]["code"]) == (None, "opted_out")
    await browser.go_to("Messages")
    rows = browser.app.locator("s-table-row")
    await expect(rows.filter(has_text="#1001")).to_contain_text("On its way")
    await expect(rows.filter(has_text="#1002")).to_contain_text("Not sent")
    await expect(rows.filter(has_text="#1002")).to_contain_text(skip["reason"]["sentence"])
    await walk.keep("messages")
    await browser.go_to("Consent")
    await expect(browser.app.locator("s-table-row").first).to_contain_text("STOP")
    await walk.keep("consent")


async def each_message_tells_its_checks(walk: Walk) -> None:
    browser = walk.browser
    await browser.go_to("Messages")
    await browser.app.get_by_role("link", name="Order confirmed #1001").click()
    await browser.shows("Order confirmed #1001")
    await expect(browser.app.locator("[data-bubble]")).to_have_text(ON_THE_PHONE)
    await expect(browser.app.get_by_label("Passed")).to_have_count(8)
    await expect(browser.app.get_by_label("Not passed")).to_have_count(0)
    await walk.keep("message-sent")
    await browser.go_to("Messages")
    await browser.app.get_by_role("link", name="Order confirmed #1002").click()
    await browser.shows("Order confirmed #1002")
    await expect(browser.app.get_by_label("Not passed")).to_have_count(1)
    await expect(browser.app.get_by_text("nothing was sent")).to_be_visible()
    await walk.keep("message-skipped")
