"""Texts that need one more permission: Shopify asks the merchant, and the pages follow the answer."""

import pytest
from playwright.async_api import expect

from tests.browser import browsing
from tests.world import ADA, SHOP, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]


async def test_a_permission_is_asked_for_once_and_only_when_it_is_needed(world: World) -> None:
    await world.ready()
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order)
    await world.workers_run()
    async with browsing(world) as browser:
        await browser.open("/templates", "Templates")
        delivered = browser.app.get_by_role("switch", name="Send: Delivered")
        question = browser.page.get_by_role("dialog", name="SMS for Ecommerce asks for another permission")

        await delivered.press("Space")
        await expect(question).to_contain_text("View fulfillments")
        await question.get_by_role("button", name="Decline").click()
        await expect(browser.app.get_by_text("Shopify has to allow this first.")).to_be_visible()
        await expect(delivered).not_to_be_checked()

        await delivered.press("Space")
        await question.get_by_role("button", name="Allow").click()
        await expect(browser.page.get_by_text("Delivered is on")).to_be_visible()
        await expect(browser.app.get_by_text("Shopify has to allow this first.")).to_be_hidden()
        await browser.app.get_by_role("switch", name="Send: Ready for pickup").press("Space")
        await expect(browser.page.get_by_text("Ready for pickup is on")).to_be_visible()
        await expect(question).to_be_hidden()
        await world.workers_run()

        await browser.page.locator("#panel-toggle").click()
        await browser.pick("Store")
        await browser.panel.get_by_label("What the carrier reports of #1001").select_option("delivered")
        await expect(browser.page.get_by_text("#1001: delivered")).to_be_visible()
        await browser.panel.get_by_role("button", name="Refund half #1001").click()
        await expect(browser.page.get_by_text("#1001 refunded in part")).to_be_visible()
    await world.workers_run()
    assert "has been delivered" in world.texts_on(ADA)[-1]
    on = [
        each["kind"] for each in (await world.api("GET", "/notifications")).json()["notifications"] if each["enabled"]
    ]
    assert on == ["order_confirmed", "order_fulfilled", "ready_for_pickup", "delivered"]


async def test_the_editor_asks_when_its_switch_is_saved(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/templates/out_for_delivery", "Out for delivery")
        await browser.app.get_by_role("switch", name="Send this text").press("Space")
        for answer in ("Decline", "Allow"):
            await browser.page.locator("#save-bar-save").click()
            await browser.page.get_by_role("button", name=answer, exact=True).click()
            if answer == "Decline":
                await expect(browser.app.get_by_text("Shopify has to allow this first.")).to_be_visible()
                await expect(browser.page.locator("#save-bar")).to_be_visible()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()
        await expect(browser.page.locator("#accessory")).to_have_text("On")
