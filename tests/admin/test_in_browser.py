"""The pages in a real browser, framed by the simulated admin: saving, refusals, preview, reload.

The app answers with its production headers; only `cdn.shopify.com` is answered from the stand-ins.
"""

import pytest
from playwright.async_api import expect

from app.core.static_files import WEB
from app.message_templates.segments import count_segments
from tests.browser import browsing
from tests.world import ADA, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]

TEXTS = [
    "", "a" * 160, "a" * 161, "a" * 153 + "b" * 153, "€" * 80, "€" * 81, "{}" * 77, "a" * 152 + "€" + "a" * 153,
    "á", "é" * 161, "ç" * 70, "ç" * 71, "😀" * 35, "😀" * 36, "a" + "😀" * 67, "Hi\nthere\r", "“quoted”",
]  # fmt: skip


async def test_settings_are_kept_under_the_save_bar_until_the_server_agrees(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/settings", "Settings")
        await browser.app.get_by_role("link", name="Sending hours 9:00").click()
        await browser.shows("Sending hours")
        bar, until = browser.page.locator("#save-bar"), browser.app.get_by_label("Send until")
        await until.select_option("09:00")
        await expect(bar).to_be_visible()
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.get_by_text("must differ")).to_be_visible()
        await browser.sight.usable("refused settings")
        await expect(bar).to_be_visible()
        await until.select_option("21:00")
        await browser.save()
        await browser.open("/settings/keywords", "STOP and HELP")
        phone = browser.app.get_by_label("Phone number for help")
        await phone.fill("12")
        await browser.page.locator("#save-bar-save").click()
        await expect(phone).to_have_attribute("aria-invalid", "true")
        await phone.fill("(650) 555-0199")
        await expect(phone).not_to_have_attribute("aria-invalid", "true")
        await browser.save()
        await browser.open("/settings", "Settings")
        await expect(browser.app.get_by_role("link", name="Sending hours")).to_contain_text("9:00\u202fPM")
    saved = (await world.api("GET", "/settings")).json()
    assert (saved["quiet_hours"]["end"], saved["contact_phone"]) == ("21:00", "+16505550199")


async def test_a_text_is_written_with_its_preview_beside_it(world: World) -> None:
    await world.ready()
    async with browsing(world) as browser:
        await browser.open("/templates/order_confirmed", "Order confirmed")
        text, bubble = browser.app.get_by_label("Text in English"), browser.app.locator("[data-bubble]")
        await text.fill("“Hi” … Reply STOP to end.")
        await expect(bubble).to_have_text('"Hi" ... Reply STOP to end.')
        await expect(browser.app.locator('[data-side="en"]')).to_have_text('"Hi" ... Reply STOP to end.')
        await text.fill("Hi , it's here á. Reply STOP to end.")
        await text.press("Home")
        for _ in range(3):
            await text.press("ArrowRight")
        await browser.app.get_by_role("button", name="Insert First name").click()
        await expect(text).to_have_value("Hi {{ customer.first_name }}, it's here á. Reply STOP to end.")
        await expect(bubble).to_have_text("Hi Ada, it's here á. Reply STOP to end.")
        await expect(browser.app.get_by_text("halves what fits")).to_be_visible()
        await browser.sight.usable("an unusual character")
        await browser.page.set_viewport_size({"width": 320, "height": 900})
        await browser.app.get_by_text("Show the variables").click()
        await browser.app.get_by_role("button", name="Insert Order status page").scroll_into_view_if_needed()
        await expect(bubble).to_be_in_viewport(ratio=1)
        await browser.page.set_viewport_size({"width": 1440, "height": 900})
        await browser.app.get_by_role("button", name="Use plain characters").click()
        await expect(bubble).to_have_text("Hi Ada, it's here a. Reply STOP to end.")
        await expect(browser.app.get_by_text("halves what fits")).to_be_hidden()

        await browser.page.locator("#save-bar-save").click()
        await expect(text).to_have_attribute("aria-invalid", "true")
        await expect(browser.page.locator("#save-bar")).to_be_visible()
        await text.fill("{{ shop.name }}: order {{ order.name }} is confirmed. Reply STOP to end.")
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()

        await browser.page.get_by_role("button", name="Send test").click()
        await browser.app.get_by_label("Your mobile number").fill(ADA)
        await browser.app.locator("s-modal#test s-button[variant=primary]").click()
        await expect(browser.page.get_by_text("Test on its way")).to_be_visible()
    await world.workers_run()
    assert [text.split(":")[1] for text in world.texts_on(ADA)] == [" order #1001 is confirmed. Reply STOP to end."]


async def test_pages_change_without_loading_anew_and_survive_a_reload(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/", "SMS for Ecommerce")
        await browser.in_frame("window.stays = true")
        await browser.app.get_by_role("link", name="Connect: Connect RingCentral").click()
        await expect(browser.app.locator('s-page[heading="RingCentral"]')).to_be_attached()
        assert await browser.in_frame("window.stays")
        await browser.in_frame("setTimeout(() => location.reload())")
        await browser.page.wait_for_timeout(500)
        await expect(browser.app.locator('s-page[heading="RingCentral"]')).to_be_attached()
        await expect(browser.app.locator("html.ready")).to_be_attached()
        await browser.app.get_by_label("JWT").fill(world.jwt)
        await browser.app.get_by_role("button", name="Connect", exact=True).click()
        await browser.app.get_by_role("button", name="Use this number").click()
        await expect(browser.app.get_by_role("button", name="Choose another number")).to_be_visible()


async def test_the_browser_counts_segments_as_the_server_does(world: World) -> None:
    source = (WEB / "static" / "js" / "gsm.js").read_text()
    script = """async ([source, texts]) => {
      const address = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
      const { countSegments } = await import(address);
      return texts.map((text) => {
        const {encoding, units, segments, unitsLeft, offenders} = countSegments(text);
        return [encoding, units, segments, unitsLeft, offenders];
      });
    }"""
    async with browsing(world) as browser:
        counted = await browser.page.evaluate(script, [source, TEXTS])
    for text, found in zip(TEXTS, counted, strict=True):
        count = count_segments(text)
        expected = [
            str(count.encoding),
            count.units,
            count.segments,
            count.units_left,
            [each.char for each in count.offenders],
        ]
        assert found == expected, repr(text[:20])
