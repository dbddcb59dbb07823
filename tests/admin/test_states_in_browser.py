"""What a merchant meets when something is missing, late or wrong, and that everybody can use what is shown then."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from app.messages.models import MessageDay
from tests.browser import browsing
from tests.world import ADA, SENDER, SHOP, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]


async def test_without_a_network_the_page_stays_and_says_so(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/settings/keywords", "STOP and HELP")
        await browser.page.context.set_offline(True)
        await browser.app.get_by_label("Phone number for help").fill("+1 650 555 0199")
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.get_by_text("The server can't be reached.")).to_be_visible()
        await browser.sight.usable("unsaved without a network")
        await browser.page.locator("#save-bar-discard").click()
        await browser.page.locator("#app-menu").get_by_role("link", name="Analytics").click()
        await expect(browser.app.get_by_text("That page couldn't be reached")).to_be_visible()
        await browser.sight.usable("another page without a network")
        await expect(browser.app.locator('s-page[heading="STOP and HELP"]')).to_be_attached()
        await browser.page.context.set_offline(False)
        await browser.app.get_by_role("button", name="Try again").click()
        await expect(browser.app.locator('s-page[heading="Analytics"]')).to_be_attached()
        await expect(browser.app.get_by_text("That page couldn't be reached")).to_be_hidden()
        browser.problems = [problem for problem in browser.problems if "ERR_INTERNET_DISCONNECTED" not in problem]


async def test_two_tabs_at_one_text_end_in_a_question_not_in_a_loss(world: World) -> None:
    await world.install()
    stored = "SELECT text FROM templates WHERE kind = 'order_confirmed'"
    mine, theirs = (
        f"{{{{ shop.name }}}}: {who}, order {{{{ order.name }}}}. Reply STOP to opt out." for who in ("mine", "theirs")
    )
    async with browsing(world) as browser:
        await browser.open("/templates/order_confirmed", "Order confirmed")
        text, question = browser.app.get_by_label("Text in English"), browser.app.locator("[data-meanwhile]")
        await world.api("PUT", "/notifications/order_confirmed", {"templates": {"en": theirs}})
        await text.fill(mine)
        await browser.page.locator("#save-bar-save").click()
        await expect(question.get_by_text(theirs)).to_be_visible()
        await expect(question.get_by_text(mine)).to_be_visible()
        await browser.sight.usable("two tabs at one text")
        await expect(browser.page.locator("#save-bar")).to_be_visible()
        await expect(text).to_have_value(mine)
        assert [row["text"] for row in await world.rows(stored)] == [theirs]
        await browser.app.get_by_role("button", name="Save mine").click()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()
        assert [row["text"] for row in await world.rows(stored)] == [mine]
        await world.api("PUT", "/notifications/order_confirmed", {"templates": {"en": theirs}})
        await text.fill(mine + " Thanks")
        await browser.page.locator("#save-bar-save").click()
        await browser.app.get_by_role("button", name="Take theirs").click()
        await expect(text).to_have_value(theirs)
        await expect(browser.page.locator("#save-bar")).to_be_hidden()


async def test_two_tabs_at_one_setting_end_in_a_question_too(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/settings/hours", "Sending hours")
        until, question = browser.app.get_by_label("Send until"), browser.app.locator("[data-meanwhile]")
        await until.select_option("21:00")
        await browser.save()
        await world.api("PUT", "/settings", {"quiet_hours": {"end": "19:00"}, "countries": ["US"]})
        await browser.app.get_by_label("Send from").select_option("10:00")  # untouched by the other tab
        await browser.save()
        await expect(until).to_have_value("19:00")  # what is stored by now, from whomever
        await expect(browser.app.get_by_label("Send from")).to_have_value("10:00")
        await world.api("PUT", "/settings", {"quiet_hours": {"end": "18:00"}})
        await until.select_option("22:00")
        await browser.page.locator("#save-bar-save").click()
        await expect(question).to_contain_text("6:00")
        await expect(question).to_contain_text("10:00")
        await browser.sight.usable("two tabs at one setting")
        await expect(browser.page.locator("#save-bar")).to_be_visible()
        assert (await world.api("GET", "/settings")).json()["quiet_hours"]["end"] == "18:00"
        await browser.page.locator("#save-bar-discard").click()  # back to what is stored by now
        await expect(until).to_have_value("18:00")
        await until.select_option("22:00")
        await browser.save()
    saved = (await world.api("GET", "/settings")).json()
    assert saved["quiet_hours"] == {"enabled": True, "start": "10:00", "end": "22:00"}


async def test_a_stale_session_is_renewed_without_losing_what_was_typed(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/settings/keywords", "STOP and HELP")
        phone = browser.app.get_by_label("Phone number for help")
        world.clock.advance(seconds=300)  # the token that opened the page is long stale: App Bridge fetches another
        await phone.fill("+1 650 555 0199")
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()


async def test_a_text_is_seen_with_a_real_order_and_can_go_back(world: World) -> None:
    await world.ready()
    grace = world.shopify.add_customer(SHOP, first_name="Grace", last_name="Hopper", phone="+12125550188")
    await world.order(grace)
    await world.order(world.shopify.add_customer(SHOP, first_name="Lucía", last_name="Moreno", phone="+13055550142"))
    async with browsing(world) as browser:
        await browser.open("/templates/order_confirmed", "Order confirmed")
        bubble = browser.app.locator("[data-bubble]")
        await expect(bubble).to_contain_text("Hi Ada Lovelace")
        await browser.app.get_by_label("Filled in from").select_option(label="#1001 · Grace Hopper")
        await expect(bubble).to_contain_text("Hi Grace Hopper")
        hint = browser.app.locator("[data-unicode]")
        await expect(hint).to_be_hidden()
        await browser.app.get_by_label("Filled in from").select_option(label="#1002 · Lucía Moreno")
        await expect(hint).to_have_text(re.compile("“í” in the values filled in makes this text Unicode"))
        await expect(hint.get_by_role("button")).to_be_hidden()  # nobody's name is rewritten
        await browser.sight.usable("a name outside the SMS alphabet")
        await browser.app.get_by_label("Filled in from").select_option(label="#1001 · Grace Hopper")
        await expect(hint).to_be_hidden()
        await expect(browser.app.locator("[data-worst]")).to_have_text(re.compile("and letters such as í$"))
        await browser.app.get_by_role("button", name="Edit in French").click()
        await expect(browser.app.get_by_label("Text in French")).to_be_visible()
        await expect(bubble).to_contain_text("Bonjour Grace Hopper")
        await browser.app.get_by_label("Text in French").fill("{{ shop.name }} : merci ! Répondez STOP")
        await expect(browser.app.locator('[data-side="fr"]')).to_contain_text("merci !")
        await browser.app.get_by_role("button", name="Reset to default").click()
        difference = browser.app.locator("[data-difference]")
        await expect(difference.locator("del").first).to_be_visible()
        await expect(difference.locator("ins").first).to_be_visible()
        await browser.sight.usable("what a reset would change")
        await browser.app.get_by_role("button", name="Use the default text").click()
        await expect(browser.app.get_by_label("Text in French")).to_have_value(re.compile("^Bonjour"))


async def test_a_customer_is_answered_and_the_log_exported(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "Is it on its way?")
    await fifty_arrived_yesterday(world)
    async with browsing(world) as browser:
        await browser.open("/", "SMS for Ecommerce")
        await browser.app.get_by_role("link", name="+1 212-555-0123").click()
        await browser.app.get_by_label("Your answer").fill("Yes, since this morning.")
        await expect(browser.page.get_by_text("may ask for a review")).to_be_hidden()  # never by itself
        await browser.app.get_by_role("button", name="Send answer").click()
        await expect(browser.app.get_by_text("Yes, since this morning.")).to_be_visible()
        await expect(browser.page.get_by_text("may ask for a review")).to_be_visible()
        await browser.page.get_by_role("button", name="Get support").click()
        await browser.shows("Diagnostics")
        await browser.open("/messages", "Messages")
        async with browser.page.expect_download() as started:
            await browser.app.get_by_role("button", name="Export CSV").click()
        exported = Path(await (await started.value).path()).read_bytes().decode("utf-8-sig")  # noqa: ASYNC240
        assert "Is it on its way?" not in exported  # what customers write is theirs; the file has what was sent
        assert "order_confirmed,#1001" in exported
    await world.workers_run()
    assert world.texts_on(ADA)[1:] == ["Yes, since this morning."]


async def fifty_arrived_yesterday(world: World) -> None:
    day = world.clock().date() - timedelta(days=1)
    [shop] = await world.rows("SELECT id FROM shops")
    async with world.deps.db.transaction() as session:
        session.add(
            MessageDay(
                shop_id=shop["id"],
                day=day,
                kind="order_confirmed",
                state="delivered",
                locale="en",
                messages=50,
                segments=50,
            )
        )


async def test_the_page_speaks_german_also_where_scripts_do(world: World) -> None:
    await world.install()
    query = world.shopify.document_query(SHOP, "/settings", locale="de")
    page = (await world.http.get(f"{world.url}/settings?{query}")).text
    start = page.index('id="words">') + len('id="words">')
    words = json.loads(page[start : page.index("</script>", start)])
    assert words["saved"] == "Änderungen gespeichert"


async def test_connecting_shows_its_steps_and_keeps_the_one_that_failed(world: World) -> None:
    await world.install()
    spoilt = world.ringcentral.issue_jwt(next(iter(world.ringcentral.state.users.values())))
    world.ringcentral.revoke_jwt(spoilt)
    async with browsing(world) as browser:
        await browser.open("/settings/connection", "RingCentral")
        jwt = browser.app.get_by_label("JWT")
        await jwt.fill(spoilt)
        await browser.app.get_by_role("button", name="Connect", exact=True).click()
        await expect(jwt).to_have_attribute("aria-invalid", "true")
        await expect(
            browser.app.locator("[data-steps] [data-code=login], [data-steps] [data-level=problem]")
        ).to_have_text("Signing in to RingCentral")
        await browser.sight.usable("a step that failed")
        await jwt.fill(world.jwt)
        await browser.app.get_by_role("button", name="Connect", exact=True).click()
        await browser.app.get_by_role("button", name="Use this number").click()
        await browser.app.get_by_role("button", name="Pause texts from").click()
        await expect(browser.page.locator("#accessory")).to_have_text("Paused")
        await browser.app.get_by_role("button", name="Resume texts from").click()
        await expect(browser.page.locator("#accessory")).to_have_text("Connected")
        [user] = world.ringcentral.state.users.values()
        world.ringcentral.add_number(user, SENDER).campaign_status = "CampaignExpired"
        await browser.app.get_by_role("button", name="Check again").click()
        await expect(browser.app.locator('s-section[heading="What to fix in RingCentral"]')).to_be_visible()
        await browser.sight.usable("a number to put right")
        await browser.page.get_by_role("button", name="Disconnect").click()
        await browser.app.locator("s-modal#disconnect s-button[variant=primary]").click()
        await expect(browser.page.locator("#accessory")).to_have_text("Not connected")


async def test_uninstalled_in_another_tab_the_page_says_so_and_loses_nothing(world: World) -> None:
    await world.install()
    async with browsing(world) as browser:
        await browser.open("/settings/keywords", "STOP and HELP")
        phone = browser.app.get_by_label("Phone number for help")
        await phone.fill("+1 650 555 0199")
        await world.shopify.uninstall(SHOP)
        await world.workers_run()
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.get_by_text("If it was uninstalled, install it again")).to_be_visible()
        await browser.sight.usable("uninstalled meanwhile")
        await expect(browser.page.locator("#save-bar")).to_be_visible()
        await expect(phone).to_have_value("+1 650 555 0199")
