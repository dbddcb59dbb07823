"""The Connect section in a browser: inviting, importing, trying rules, keys shown once, history, calls sent again."""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.admin.test_news_in_browser import HIDE, looks_in
from tests.browser import Browser, browsing
from tests.connect.stage import jane
from tests.world import SENDER, World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]
PEOPLE = """Name,Connect ID,Email,Phone
Omar Haddad,omar-1,omar@example.com,
"Lee, Kim",kim-1,,+1 212 555 0177
Nobody,no-1,,
Twice,omar-1,twice@example.com,
"""
OWN_WORDS = {
    "English": "{{ affiliate.name }} with {{ shop.name }}: thank you! Reply STOP to opt-out.",
    "Spanish": "{{ affiliate.name }} de {{ shop.name }}: gracias. Responda STOP para no recibir más.",
    "French": "{{ affiliate.name }} avec {{ shop.name }} : merci. Répondez STOP pour vous désinscrire.",
}


def text_in(browser: Browser, language: str) -> Locator:
    return browser.app.get_by_label(f"Text in {language}", exact=True)


async def picture(browser: Browser, name: str) -> None:
    """For people who look: where `CONNECT_PICTURES` names a folder."""
    folder = os.environ.get("CONNECT_PICTURES")
    if folder:
        await browser.page.screenshot(path=Path(folder) / f"{name}.png")


async def test_accounts_are_invited_imported_and_set_up(world: World) -> None:
    await world.ready()
    async with browsing(world) as browser:
        await browser.open("/connect", "Connect")
        await expect(browser.app.get_by_text("No accounts yet")).to_be_visible()
        await browser.page.get_by_role("button", name="Invite an account").first.click()
        await browser.app.get_by_role("button", name="Invite", exact=True).click()
        await expect(browser.app.get_by_text("Give the person's name, in at most 100 characters.")).to_be_visible()
        await browser.app.get_by_label("Name", exact=True).fill("Jane Doe")
        await browser.app.get_by_label("E-mail address").fill("jane@example.com")
        await browser.app.get_by_role("button", name="Invite", exact=True).click()
        link = browser.app.get_by_label("Link to send to this person", exact=True)
        await expect(link).to_be_visible()
        assert "/c/demo-store#invite=" in await link.input_value()
        await browser.app.get_by_role("button", name="Copy: Link to send").click()
        await expect(browser.app.locator("s-button", has_text="Copied")).to_be_visible()
        await expect(browser.app.get_by_role("button", name="Invite", exact=True)).to_be_hidden()
        await picture(browser, "invited")
        await browser.app.get_by_role("button", name="Invite another").click()
        await expect(browser.app.get_by_label("E-mail address")).to_have_value("")
        await expect(browser.app.get_by_text("you state that this person agreed").first).to_be_visible()
        await picture(browser, "invite")
        await browser.open("/connect", "Connect")
        await browser.page.get_by_role("button", name="Import CSV").first.click()
        await browser.app.locator("input[type=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
        )
        await browser.app.get_by_role("button", name="Import", exact=True).click()
        refused = browser.app.locator("[data-refused] li")
        await expect(refused).to_have_count(2)
        assert (await refused.nth(0).text_content() or "").startswith("4: ")
        assert (await refused.nth(1).text_content() or "").startswith("5: There is already")
        await expect(browser.app.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
        await picture(browser, "import")
        await browser.app.get_by_role("link", name="Done").last.click()
        for name in ("Omar Haddad", "Lee, Kim", "Jane Doe"):
            await expect(browser.app.get_by_role("link", name=name)).to_be_visible()
        await browser.app.get_by_role("searchbox", name="Search").fill("kim-")
        await expect(browser.app.get_by_role("link", name="Jane Doe")).to_be_hidden()
        await expect(browser.app.get_by_role("link", name="Lee, Kim")).to_be_visible()
        await browser.app.get_by_role("searchbox", name="Search").fill("nobody at all")
        await expect(browser.app.get_by_text("No account found")).to_be_visible()
        await browser.app.get_by_role("searchbox", name="Search").fill("JANE@example.com")
        await browser.app.get_by_role("link", name="Jane Doe").click()
        await browser.shows("Jane Doe")
        await browser.app.get_by_label("Give one of your numbers", exact=True).select_option(SENDER)
        await browser.app.get_by_role("button", name="Use this number").click()
        await expect(browser.app.get_by_text("Texts leave from +1 650-555-0100")).to_be_visible()
        await browser.app.get_by_label("Text this person's customers").check()
        await browser.save()
        await expect(browser.page.get_by_text("Connected", exact=True)).to_be_visible()
        alerts, email = (
            browser.app.get_by_label("Text this person's customers"),
            browser.app.get_by_label("E-mail address"),
        )
        await world.api("PUT", "/connect/accounts/1", {"alerts_enabled": False, "email": "doe@example.com"})
        await browser.app.get_by_label("Your own id").fill("jane-1")
        await browser.save()
        await expect(alerts).not_to_be_checked()  # by somebody else; this page did not switch it back
        await expect(email).to_have_value("doe@example.com")
        await world.api("PUT", "/connect/accounts/1", {"email": "jd@example.com"})
        await email.fill("mine@example.com")
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.locator("[data-meanwhile]").first).to_contain_text("jd@example.com")
        await picture(browser, "account-meanwhile")
        await browser.app.get_by_role("button", name="Take theirs").click()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()
        await alerts.check()
        await browser.save()
        await browser.app.get_by_role("link", name="Edit Order paid").click()
        await browser.shows("Order paid")
        await browser.app.get_by_role("button", name="Edit in Spanish").click()
        await text_in(browser, "Spanish").fill("No names at all")
        findings = browser.app.get_by_role("list", name="Hints about the text")
        await expect(findings).to_contain_text("Name the person who texts")  # before anything is saved
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.get_by_text("Name the person who texts").first).to_be_visible()
        theirs = OWN_WORDS["Spanish"].replace("gracias", "mil gracias")
        path = "/connect/accounts/1/templates/connect_order_paid"
        assert (await world.api("PUT", path, {"templates": {"es": theirs}})).status_code == 200
        for label, words in OWN_WORDS.items():
            await browser.app.get_by_role("button", name=f"Edit in {label}").click()
            await text_in(browser, label).fill(words)
        await expect(browser.app.locator("[data-side=es]")).to_contain_text("Jane Doe de Demo Store: gracias")
        await expect(browser.app.locator("[data-bubble]")).to_contain_text("Jane Doe")
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.locator("[data-meanwhile]")).to_contain_text("mil gracias")
        await picture(browser, "account-text-meanwhile")
        await expect(text_in(browser, "French")).to_have_value(OWN_WORDS["French"])
        await picture(browser, "account-text")
        await browser.app.get_by_role("button", name="Save mine").click()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()
        await text_in(browser, "French").fill("")
        await browser.save()
        await expect(text_in(browser, "French")).to_have_value(
            re.compile(r"\{\{ affiliate.name \}\}")
        )  # the shop's words again
        await browser.app.get_by_role("button", name="Edit in Spanish").click()
        await expect(text_in(browser, "Spanish")).to_have_value(OWN_WORDS["Spanish"])
        await browser.app.get_by_role("button", name="Use your default").click()
        await expect(browser.app.locator("[data-difference] del").first).to_be_visible()
        await expect(browser.app.locator("[data-difference] ins").first).to_be_visible()
        await browser.app.get_by_role("button", name="Use the default text").click()
        await expect(text_in(browser, "Spanish")).not_to_have_value(OWN_WORDS["Spanish"])
        await browser.save()
    own = await world.rows("SELECT locale, text FROM connect_templates ORDER BY locale")
    assert [tuple(each) for each in own] == [("en", OWN_WORDS["English"])]
    [account] = [each for each in (await world.api("GET", "/connect/accounts")).json()["accounts"] if each["id"] == 1]
    assert (account["alerts_enabled"], account["phone_number"], account["can_text"]) == (True, SENDER, True)


async def test_rules_are_tried_before_they_are_saved_and_history_is_counted(world: World) -> None:
    await world.ready()
    await jane(world)
    await world.order(discount_codes=["VIP-jane-1"])
    await world.order()
    async with browsing(world) as browser:
        await browser.open("/connect/attribution", "Attribution")
        field, name = browser.app.get_by_label("When the order has"), browser.app.get_by_label("called")
        await expect(browser.app.get_by_label("that looks like")).to_be_hidden()
        await field.select_option("landing_page")
        await name.fill("ref")
        await browser.app.get_by_label("that looks like").fill("VIP")
        await field.select_option("")
        await expect(name).to_be_hidden()
        await expect(browser.page.locator("#save-bar")).to_be_hidden()
        await field.select_option("note_attribute")
        await expect(name).to_be_visible()
        await browser.page.locator("#save-bar-discard").click()
        await expect(browser.app.get_by_label("that looks like")).to_be_hidden()
        await field.select_option("landing_page")
        await name.fill("x" * 201)
        await field.select_option("discount_code")
        await expect(name).to_be_hidden()
        await browser.app.get_by_label("that looks like").fill("VIP")
        await browser.app.get_by_role("button", name="Try on past orders").click()
        await expect(browser.app.get_by_text("Put a * where the account's own id stands").first).to_be_visible()
        await browser.app.get_by_label("that looks like").fill("VIP-*")
        await browser.app.get_by_role("button", name="Try on past orders").click()
        await expect(browser.app.get_by_text("1 of your latest 2 orders belong to an account")).to_be_visible()
        await picture(browser, "tried")
        assert (await world.api("GET", "/connect/attribution")).json()["rules"] == []
        await browser.save()
        await expect(browser.app.get_by_label("When the order has")).to_have_count(2)
        theirs = [{"field": "order_tag", "pattern": f"{shop}:*"} for shop in ("east", "west", "north")]
        await world.api("PUT", "/connect/attribution", {"rules": theirs})
        await browser.app.get_by_label("that looks like").first.fill("GOLD-*")
        await browser.page.locator("#save-bar-save").click()
        question = browser.app.locator("[data-meanwhile]")
        await expect(question).to_contain_text("Order tag · north:*")
        await expect(question).to_contain_text("Discount code · GOLD-* · Account with that id")
        await browser.sight.usable("two tabs at the rules")
        await browser.app.get_by_role("button", name="Take theirs").click()
        await expect(browser.app.get_by_label("that looks like").nth(2)).to_have_value("north:*")
        await expect(browser.page.locator("#save-bar")).to_be_hidden()
        await browser.app.get_by_label("that looks like").nth(1).fill("south:*")
        await browser.save()
        kept = (await world.api("GET", "/connect/attribution")).json()["rules"]
        assert [each["pattern"] for each in kept] == ["east:*", "south:*", "north:*"]
        await world.api("PUT", "/connect/attribution", {"rules": [{"field": "discount_code", "pattern": "VIP-*"}]})
        await browser.open("/connect/history", "Import history")
        await world.advance(minutes=1)
        await browser.app.get_by_role("button", name="Start").click()
        await expect(browser.app.get_by_role("button", name="Pause")).to_be_visible()
        await picture(browser, "counting")
        await browser.in_frame(HIDE, True)
        assert await looks_in(browser, seconds=60) == 0
        await browser.page.route("**/connect/history**", lambda route: route.abort())
        await browser.in_frame(HIDE, False)
        assert 2 <= await looks_in(browser, seconds=60) <= 4, "ever less without an answer"
        await browser.page.unroute("**/connect/history**")
        await world.workers_run()
        await browser.in_frame(HIDE, False)
        await expect(browser.app.locator('s-section[heading^="Counted "]')).to_be_visible()
        await expect(browser.app.get_by_role("button", name="Pause")).to_be_hidden()


async def test_a_key_and_a_secret_are_shown_once(world: World) -> None:
    await world.ready()
    async with browsing(world) as browser:
        await browser.open("/connect/keys", "API keys")
        await browser.app.get_by_label("Name").fill("Our shop system")
        await browser.app.get_by_role("button", name="Create key").click()
        key = browser.app.get_by_label("Your new key", exact=True)
        await expect(key).to_be_visible()
        token = await key.input_value()
        assert token.startswith("connect_")
        await expect(browser.app.get_by_role("button", name="Revoke Our shop system")).to_be_visible()
        await expect(browser.app.get_by_text("There is no key yet.")).to_be_hidden()
        await expect(key).to_have_value(token)
        await browser.app.get_by_role("link", name="I have copied it").click()
        await expect(browser.app.get_by_role("button", name="Revoke Our shop system")).to_be_visible()
        await expect(key).not_to_be_visible()
        answer = await world.http.get(f"{world.url}/api/v1/orders", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        await browser.app.get_by_role("button", name="Revoke Our shop system").click()
        await expect(browser.app.get_by_text("Revoked", exact=True)).to_be_visible()
        answer = await world.http.get(f"{world.url}/api/v1/orders", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        await browser.open("/connect/requests", "Request log")
        await expect(browser.app.get_by_text("GET /orders")).to_be_visible()
        await browser.open("/connect/webhooks", "Webhooks")
        await browser.app.get_by_label("Another address").fill("not an address")
        await browser.app.get_by_role("button", name="Add webhook").click()
        await expect(browser.app.get_by_text("Give an address of yours").first).to_be_visible()
        await browser.app.get_by_label("Another address").fill("https://example.com/hook")
        await browser.app.get_by_role("button", name="Add webhook").click()
        secret = browser.app.get_by_label("Secret that signs the calls", exact=True)
        await expect(secret).to_be_visible()
        first = await secret.input_value()
        await expect(browser.app.get_by_text("There is no webhook yet.")).to_be_hidden()
        await browser.app.get_by_role("button", name="New secret for https://example.com/hook").click()
        await browser.app.get_by_role("button", name="Make a new secret").click()
        await expect(browser.page.get_by_text("New secret made")).to_be_visible()
        await expect(secret).not_to_have_value(first)
        await picture(browser, "webhook-secret")


async def test_the_connect_page_and_its_snippet_are_set_up(world: World) -> None:
    await world.ready()
    async with browsing(world) as browser:
        await browser.open("/connect/page", "Connect page")
        sites = browser.app.get_by_label("Your own sites")
        await sites.fill("https://www.example.com/\nexample.org")
        await browser.page.locator("#save-bar-save").click()
        await expect(browser.app.get_by_text("example.org is not the address of a site.")).to_be_visible()
        await picture(browser, "page-refused")
        await sites.fill("https://www.example.com/\nhttps://example.org")
        await browser.app.get_by_label("People may join without an invitation").check()
        await browser.save()
        await expect(sites).to_have_value("https://www.example.com\nhttps://example.org")
        await browser.app.get_by_role("button", name="Copy: Snippet").click()
        await expect(browser.app.locator("s-button", has_text="Copied")).to_be_visible()
        assert await browser.app.get_by_label("Snippet", exact=True).input_value() == (
            f'<script src="{world.url}/c/demo-store/connect.js" async></script>'
        )
        await browser.app.get_by_role("button", name="Show the secret").click()
        secret = browser.app.get_by_label("Signing secret", exact=True)
        await expect(secret).to_have_value(re.compile("csec_[0-9a-f]{32}"))
        first = await secret.input_value()
        await browser.app.get_by_role("button", name="Make a new secret").first.click()
        await browser.app.locator("s-modal#renew s-button[variant=primary]").click()
        await expect(secret).not_to_have_value(first)
        await picture(browser, "page")
    settings = (await world.api("GET", "/settings")).json()
    assert settings["connect_self_join"] is True
    assert settings["connect_sites"] == ["https://www.example.com", "https://example.org"]
