"""The whole way in a real browser: the organisation's own site, the Connect page, its pages at both widths.

With PICTURES=<folder> every page is saved there, to be looked at.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests import usable
from tests.browser import ELSEWHERE, chromium
from tests.connect.stage import JANE_MOBILE, JANE_OWN, JANET, client_of, jane, jane_texts
from tests.connect.test_alerts import paid
from tests.hosted.person import PAGE, code_on, invitation
from tests.simulator.serving import serve
from tests.usable import WIDTHS, Sight
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_chromium")]
HEIGHT = 800
RULES = (*usable.RULES, "best-practice")
SITE = """<!doctype html><html lang="en"><title>Our site</title><main><h1>Our site</h1><p id="news">-</p>
<div data-connect data-label="Connect your number"></div></main>
<script>
for (const name of ['granted', 'revoked']) document.addEventListener('connect:' + name, ({ detail }) => {
  document.querySelector('#news').textContent += name + ' ' + detail.userId + ' ' + detail.connectId + '; ';
});
</script><script src="%s/c/demo-store/connect.js" async></script></html>"""


@asynccontextmanager
async def organisations_site(world: World) -> AsyncIterator[str]:
    async def show(_request: Request) -> Response:
        return HTMLResponse(SITE % world.url)

    async with serve(Starlette(routes=[Route("/", show)])) as url:
        yield url.replace("127.0.0.1", "localhost")  # another site than ours, to a browser


@asynccontextmanager
async def opened(
    problems: list[str], *, scripts: bool = True, locale: str = "en-US", **options: Any
) -> AsyncIterator[Page]:
    settings = {"locale": locale, "timezone_id": "America/New_York", "java_script_enabled": scripts, **options}
    async with chromium() as browser, await browser.new_context(**settings) as context:
        context.set_default_timeout(10_000)
        await context.route(ELSEWHERE, lambda route: problems.append(route.request.url))
        context.on("weberror", lambda error: problems.append(str(error.error)))
        page = await context.new_page()
        page.on("console", lambda said: problems.append(said.text) if is_problem(said.type, said.text) else None)
        yield page


def is_problem(kind: str, text: str) -> bool:
    return kind == "error" and "Failed to load resource" not in text


async def look(page: Page, name: str) -> None:
    """Fast so far, usable by everybody at every width, and a picture where wished."""
    sight = Sight(page, page)
    for width in (390, 1280):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        await sight.fast(f"{name} at {width}")
    await sight.usable(name, tags=RULES)
    folder = os.environ.get("PICTURES")
    for width in WIDTHS if folder else ():
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        await page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True, animations="disabled")
    await page.set_viewport_size({"width": 1280, "height": HEIGHT})


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).first.click()


async def go(page: Page, name: str) -> None:
    await press(page, name)
    heading = "Hello, Jane" if name == "Home" else name
    await expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()


async def stays_by_choice(page: Page, name: str) -> None:
    """Pressed with words that are not saved, asked, and rather not."""
    heading = await page.get_by_role("heading", level=1).inner_text()
    async with page.expect_event("dialog") as asked:
        page.once("dialog", lambda question: question.dismiss())
        await press(page, name)
    assert (await asked.value).message == "Leave without saving what you typed?"
    assert await page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))") is False
    await expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()


@pytest.mark.alone
async def test_from_the_organisations_site_through_every_page_and_out_again(world: World) -> None:
    await world.ready()
    account_id = await jane(world)
    user = world.ringcentral.add_user(name="Jane Doe")
    world.ringcentral.add_number(user, JANE_OWN)
    problems: list[str] = []
    async with organisations_site(world) as site, opened(problems) as page:
        await world.api("PUT", "/settings", {"connect_sites": [site]})
        await page.goto(site)
        async with page.expect_popup() as popup:
            await press(page, "Connect your number")
        window = await popup.value
        await expect(window.get_by_role("heading", name="Connect with Demo Store")).to_be_visible()
        await look(window, "01-door")
        await window.get_by_label("Mobile number").fill(JANE_MOBILE)
        await press(window, "Send me a code")
        await expect(window.get_by_label("6-digit code")).to_be_focused()
        await look(window, "02-code")
        await window.get_by_label("6-digit code").fill("000000")
        await press(window, "Sign in")
        await expect(window.get_by_role("alert")).to_contain_text("not right")
        await window.get_by_label("6-digit code").fill(await code_on(world, JANE_MOBILE))
        await press(window, "Sign in")
        await expect(window.get_by_role("heading", name="Join Demo Store")).to_be_visible()
        await look(window, "03-join")
        await window.get_by_label("I agree, and Demo Store may act").check()
        await press(window, "Agree and join")
        await expect(window.get_by_role("heading", name="Hello, Jane")).to_be_visible()
        await expect(page.locator("#news")).to_have_text(f"-granted {account_id} jane-1;")
        await look(window, "04-home-new")
        assert window.url == f"{world.url}{PAGE}/home"
        await window.reload()  # the address holds no token; the tab does
        await expect(window.get_by_role("heading", name="Hello, Jane")).to_be_visible()

        await go(window, "Number")
        await look(window, "05-number-new")
        await window.get_by_label("JWT").fill(world.ringcentral.issue_jwt(user))
        await window.locator("#jwt").press("Tab")
        await press(window, "Connect")
        await expect(window.get_by_text("RingCentral is connected.")).to_be_visible()
        await look(window, "06-number")
        await go(window, "Home")
        await window.get_by_role("switch").click()
        await expect(window.get_by_text("On. They leave from +1 650-555-0177.")).to_be_visible()
        await expect(window.get_by_role("switch")).to_be_focused()
        await paid(await client_of(world, "orders"))
        await world.workers_run()
        await world.texts_from(JANET, "Does the tank top come in blue?", to=JANE_OWN)
        await go(window, "Home")
        await expect(window.get_by_text("Latest messages")).to_be_visible()
        await look(window, "07-home")

        await go(window, "Messages")
        await look(window, "08-messages")
        await window.get_by_role("button", name="Janet Smith").click()
        await expect(window.get_by_role("heading", name="Janet Smith")).to_be_visible()
        await window.get_by_label("Your answer").fill("It does! Shall I put one aside?")
        await press(window, "Send")
        await expect(window.get_by_text("Your answer is on its way.")).to_be_visible()
        await world.workers_run()
        await look(window, "09-conversation")
        await window.go_back()
        await expect(window.get_by_role("heading", name="Messages")).to_be_visible()
        assert world.texts_on(JANET)[-1] == "It does! Shall I put one aside?"

        await go(window, "Orders")
        await look(window, "10-orders")
        await go(window, "Customers")
        await look(window, "11-customers")
        await go(window, "Texts")
        await look(window, "12-texts-begin")
        await window.get_by_label("Order paid · English").fill("Hi {{ customer.first_name }}, thank you!")
        await expect(window.get_by_text("Hi Ada, thank you!")).to_be_visible()
        await expect(window.get_by_text("Name your shop")).to_be_visible()
        await look(window, "12-texts")
        await press(window, "Save")
        await expect(window.locator("#fault-template")).to_contain_text("Name the person")
        await look(window, "13-texts-refused")
        await stays_by_choice(window, "Order shipped")
        await window.get_by_label("Order paid · English").fill("{{ affiliate.name }}: not saved yet")
        await stays_by_choice(window, "Settings")
        await expect(window.get_by_label("Order paid · English")).to_have_value("{{ affiliate.name }}: not saved yet")
        window.once("dialog", lambda question: question.accept())
        await go(window, "Settings")
        await window.get_by_label("By e-mail").uncheck()
        await stays_by_choice(window, "Home")
        await press(window, "Save")
        await expect(window.get_by_label("By e-mail")).not_to_be_checked()
        await look(window, "14-settings")
        await press(window, "Leave")
        await expect(window.get_by_role("heading", name="Leave Demo Store?")).to_be_visible()
        await look(window, "15-leave")
        await press(window, "Yes, leave")
        await expect(window.get_by_role("heading", name="You have left")).to_be_visible()
        await expect(page.locator("#news")).to_have_text(f"-granted {account_id} jane-1; revoked {account_id} jane-1;")
        await look(window, "16-goodbye")
        await window.goto(f"{world.url}{PAGE}/home")
        await expect(window.get_by_role("heading", name="Connect with Demo Store")).to_be_visible()
    assert problems == []


@pytest.mark.alone
async def test_an_invitation_opens_by_a_button_and_a_site_that_is_not_named_hears_nothing(world: World) -> None:
    await world.ready()
    url = await invitation(world, await jane(world))
    problems: list[str] = []
    async with organisations_site(world) as site, opened(problems, color_scheme="dark") as page:
        await page.goto(site)
        async with page.expect_popup() as popup:
            await press(page, "Connect your number")
        window = await popup.value
        await window.goto(url)
        assert "invite" not in window.url  # out of the address at once
        await expect(window.get_by_text("Demo Store has invited you")).to_be_visible()
        assert await world.rows("SELECT 1 FROM connect_visits") == []
        await look(window, "20-invited-dark")
        await press(window, "Continue")
        await window.get_by_label("I agree, and Demo Store may act").check()
        await press(window, "Agree and join")
        await expect(window.get_by_role("heading", name="Hello, Jane")).to_be_visible()
        await look(window, "21-home-dark")
        await expect(page.locator("#news")).to_have_text("-")
    assert problems == []


async def test_long_words_fit_a_narrow_phone(world: World) -> None:
    """German has the longest: the bar of five places, figures, customers."""
    await world.ready()
    url = await invitation(world, await jane_texts(world))
    await paid(await client_of(world, "orders"))
    problems: list[str] = []
    async with opened(problems, locale="de-DE") as page:
        await page.goto(url)
        await press(page, "Weiter")
        await page.get_by_label("Ich stimme zu").check()
        await press(page, "Zustimmen und beitreten")
        for name in ("Bestellungen", "Kunden", "Nachrichten", "Einstellungen"):
            await press(page, name)
            await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
            await page.set_viewport_size({"width": 320, "height": HEIGHT})
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            cut = "[...document.querySelectorAll('nav span')].filter((each) => each.scrollWidth > each.clientWidth)"
            assert await page.evaluate(f"{cut}.length") == 0, name
            await page.set_viewport_size({"width": 1280, "height": HEIGHT})
    assert problems == []


async def test_without_scripts_the_page_works_too(world: World) -> None:
    await world.ready()
    await jane(world)
    problems: list[str] = []
    async with opened(problems, scripts=False) as page:
        await page.goto(f"{world.url}{PAGE}")
        await page.get_by_label("Mobile number").fill(JANE_MOBILE)
        await press(page, "Send me a code")
        await page.get_by_label("6-digit code").fill(await code_on(world, JANE_MOBILE))
        await press(page, "Sign in")
        await page.get_by_label("I agree, and Demo Store may act").check()
        await press(page, "Agree and join")
        await press(page, "Texts")
        await press(page, "Order shipped")
        await page.get_by_label("Order shipped · English").fill("{{ affiliate.name }} is off!")
        await press(page, "Preview")
        await expect(page.get_by_text("Jane Doe is off!")).to_be_visible()
    assert problems == []
