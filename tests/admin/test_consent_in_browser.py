"""The Consent pages in a real browser: deciding, settling, checking a number, recording, the evidence file."""

import pytest
from playwright.async_api import expect

from tests.browser import browsing
from tests.world import ADA, SHOP, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]

NOAH = "+14155550167"


async def much_to_decide(world: World) -> None:
    """A doubtful reply, and a customer whom Shopify shows as subscribed after a STOP."""
    await world.ready()
    world.shopify.add_customer(SHOP, first_name="Noah", phone=NOAH)
    await world.texts_from(NOAH, "you said reply STOP to opt out")
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.shopify.set_consent(SHOP, world.ada, "SUBSCRIBED")
    await world.workers_run()


async def test_what_waits_is_decided_and_settled_by_a_click_each(world: World) -> None:
    await much_to_decide(world)
    async with browsing(world, width=390) as browser:
        await browser.open("/consent", "Consent")
        await browser.sight.usable("with decisions")
        await browser.app.get_by_role("button", name="It means STOP").click()
        await expect(browser.app.get_by_text("Waiting for your decision")).to_be_hidden()
        await browser.app.get_by_role("button", name="Unsubscribe in Shopify").click()
        await expect(browser.app.get_by_text("Lists that disagree")).to_be_hidden()
        await browser.app.get_by_role("button", name="Change").click()
        await expect(browser.app.get_by_label("Where they see them")).to_be_visible()
        await browser.sight.usable("with the policy open")
        await browser.app.get_by_role("radio", name="agreed to order updates").check()
        await browser.app.get_by_label("The words your customers agree to").fill("Send me texts.")
        await browser.app.get_by_role("button", name="Save policy").click()
        await expect(browser.app.get_by_text("Give the words your customers agree to")).to_be_visible()
        words = "I agree to texts about my order. Reply STOP to end them."
        await browser.app.get_by_label("The words your customers agree to").fill(words)
        await browser.app.get_by_label("Where they see them").fill("Checkout")
        await browser.app.get_by_label("Every customer sees these words before ordering").check()
        await browser.app.get_by_role("button", name="Save policy").click()
        await expect(browser.app.get_by_text(f"“{words}”")).to_be_visible()
    await world.workers_run()
    assert world.ada.consent == "UNSUBSCRIBED"
    assert (await world.api("GET", "/consent/doubtful")).json() == {"doubtful": []}
    assert (await world.api("GET", "/consent/policy")).json()["policy"] == "order_updates"


async def test_one_number_is_looked_up_and_its_consent_recorded(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    async with browsing(world, width=390) as browser:
        await browser.open("/consent", "Consent")
        await browser.app.get_by_role("textbox", name="Phone number").first.fill("12")
        await browser.app.get_by_role("button", name="Check number").click()
        await browser.shows("Check a number")
        await expect(browser.app.get_by_text("Give a mobile number with its area code")).to_be_visible()
        await browser.app.get_by_role("textbox", name="Phone number").first.fill("(212) 555-0123")
        await browser.app.get_by_role("button", name="Check number").click()
        await browser.shows("+1 212-555-0123")
        await expect(browser.app.locator('s-section[heading="This number gets no order texts"]')).to_be_visible()
        await browser.sight.usable("one number")
        await browser.page.route("**/evidence/link", lambda route: route.abort())
        await browser.app.get_by_role("button", name="Download data").click()
        await expect(browser.app.get_by_role("alert").filter(has_text="The server can't be reached")).to_be_visible()
        await browser.page.unroute("**/evidence/link")
        async with browser.page.context.expect_page() as opened:
            await browser.app.get_by_role("button", name="Open to print").click()
        await expect(browser.app.get_by_text("The server can't be reached")).to_be_hidden()
        evidence = await opened.value
        await expect(evidence.get_by_role("heading", name="Consent record of +1 212-555-0123")).to_be_visible()
        await expect(evidence.get_by_text("The record is intact.")).to_be_visible()
        await browser.page.get_by_role("button", name="Record a consent").click()
        proof = browser.app.get_by_label("Who agreed, when and in which words")
        await proof.fill("Ada signed our form in the shop today")
        await browser.app.get_by_role("button", name="Record consent").click()
        await expect(browser.app.get_by_text("Ada signed our form")).to_be_visible()
    await world.workers_run()
    assert world.ada.consent == "SUBSCRIBED"
