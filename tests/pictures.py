"""Makes the pictures of the documentation anew: `python -m tests.pictures`, or `make screenshots`.

They show the real pages after an afternoon in a shop: orders confirmed and fulfilled, a reply, a STOP, a customer who
never agreed, and a number that cannot get texts. Besides, every page is saved whole at both widths to `screenshots/`,
to be looked at by whoever changes one; `--pages` does only that.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from app.admin.wording import SETTINGS
from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from app.messages.conversations import key_of
from app.simulator.shopify import Customer
from tests.browser import Browser, browsing, chromium_path
from tests.connect.stage import a_section_at_work
from tests.small_png import smaller
from tests.world import ADA, SHOP, World, open_world

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PAGES = Path(__file__).parents[1] / "screenshots" / "pages"
WIDTH, HEIGHT = 1280, 784
PHONE = (390, 844)
TALLEST = 6000
CONFIRMED = "Hi {{ customer.first_name }}, thank you for order {{ order.name }} at {{ shop.name }}! Reply STOP to end."
FULFILLED = (
    "Good news from {{ shop.name }}, {{ customer.first_name }}: {{ order.name }} is on its way."
    "{% if tracking.url %} Follow it: {{ tracking.url }}{% endif %} Reply STOP to end."
)
LARGEST_BYTES = 150_000
LANDLINE = "+13125550186"


def main() -> None:
    if chromium_path() is None:
        sys.exit("There is no Chromium on this machine to make pictures with.")
    with tempfile.TemporaryDirectory(prefix="sms-pictures-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder), fast=True) as server:
            upgrade(server.url)
            asyncio.run(make_pictures(server.url, only_pages="--pages" in sys.argv))
    too_large = [file.name for file in IMAGES.glob("*.png") if file.stat().st_size > LARGEST_BYTES]
    if too_large:
        sys.exit(f"Larger than {LARGEST_BYTES // 1000} kB: {', '.join(too_large)}")


async def make_pictures(database_url: str, *, only_pages: bool) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with open_world(database_url) as world:
        await world.install()
        async with browsing(world, width=WIDTH, height=HEIGHT) as browser:
            await picture_every_page(browser, {"home": "/", "connection": "/settings/connection"}, state="new")
        await world.ready()
        await spend_an_afternoon(world)
        async with browsing(world, width=WIDTH, height=HEIGHT) as browser:
            if not only_pages:
                await picture_for_the_docs(world, browser)
            await picture_every_page(browser, await every_page(world))
            await a_section_at_work(world)
            await picture_every_page(browser, await every_connect_page(world))


async def spend_an_afternoon(world: World) -> None:
    lucia, noah, grace, mary = people(world)
    await the_merchant_sets(world, "/notifications/order_confirmed", {"templates": {"en": CONFIRMED}})
    await the_merchant_sets(world, "/notifications/order_fulfilled", {"templates": {"en": FULFILLED}})
    await the_merchant_sets(world, "/settings", {"setup_guide": False})
    for buyer in (grace, lucia, mary):
        await world.order(buyer)
        await goes_by(world, minutes=23)
    first = await world.order()
    await goes_by(world, minutes=31)
    await world.order(noah)
    await world.shopify.fulfil_order(SHOP, first)
    await goes_by(world, minutes=4)
    await world.texts_from(ADA, "Thank you! Can I pick it up in person instead?")
    await goes_by(world, minutes=17)
    await world.texts_from(str(lucia.phone), "ALTO")
    await world.order(lucia)
    await goes_by(world, minutes=6)
    await world.texts_from(str(grace.phone), "Perfect, see you on Friday")
    await world.order(grace)
    await goes_by(world, minutes=9)
    await world.order()
    await world.workers_run()


def people(world: World) -> tuple[Customer, Customer, Customer, Customer]:
    assert world.ada.consent == "SUBSCRIBED"
    world.ringcentral.delivery_outcomes[LANDLINE] = "SMS-CAR-411"
    add = world.shopify.add_customer
    return (
        add(SHOP, first_name="Lucía", last_name="Moreno", phone="+13055550142", locale="es"),
        add(SHOP, first_name="Noah", last_name="Webster", phone="+14155550167", consent="NEVER_SUBSCRIBED"),
        add(SHOP, first_name="Grace", last_name="Hopper", phone="+17185550111"),
        add(SHOP, first_name="Mary", last_name="Shelley", phone=LANDLINE),
    )


async def the_merchant_sets(world: World, path: str, body: dict[str, Any]) -> None:
    response = await world.api("PUT", path, body)
    assert response.status_code == 200, response.text


async def goes_by(world: World, *, minutes: float) -> None:
    """The workers do what is due, time passes, and what became of the texts is known."""
    await world.workers_run()
    await world.advance(seconds=31)
    await world.workers_run()
    await world.advance(minutes=minutes)


async def every_page(world: World) -> dict[str, str]:
    """Name of the picture to path; the text and the conversation are the latest."""
    [newest, *_] = reversed(await world.messages())
    talk = key_of(world.deps.vault.fingerprint(ADA))
    return {
        "home": "/",
        "templates": "/templates",
        "editor": "/templates/order_fulfilled",
        "history": "/templates/order_fulfilled/history",
        "messages": "/messages",
        "message": f"/messages/{newest['id']}",
        "conversations": "/messages/conversations",
        "conversation": f"/messages/conversations/{talk}",
        "consent": "/consent",
        "connect-nobody-yet": "/connect",
        "analytics": "/analytics",
        "settings": "/settings",
        **{f"settings-{section}": f"/settings/{section}" for section in SETTINGS},
        "connection": "/settings/connection",
        "diagnostics": "/settings/diagnostics",
        "privacy": "/settings/privacy",
        "no-such-page": "/settings/nothing",
    }


async def picture_every_page(browser: Browser, pages: dict[str, str], *, state: str = "busy") -> None:
    """Each whole, however long it is, at both widths."""
    for width, usual in ((WIDTH, HEIGHT), PHONE):
        folder = PAGES / str(width)
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in pages.items():
            await browser.page.set_viewport_size({"width": width, "height": usual})
            await browser.visit(path)
            chrome = usual - await browser.in_frame("innerHeight")
            whole = await browser.in_frame("document.documentElement.scrollHeight")
            await browser.page.set_viewport_size({"width": width, "height": min(max(usual, whole + chrome), TALLEST)})
            await browser.picture(folder / f"{name}-{state}.png")


async def every_connect_page(world: World) -> dict[str, str]:
    [account] = (await world.api("GET", "/connect/accounts")).json()["accounts"]
    theirs = f"/connect/accounts/{account['id']}"
    return {
        "connect": "/connect",
        "connect-page": "/connect/page",
        "connect-account": theirs,
        "connect-account-text": f"{theirs}/texts/connect_order_paid",
        **{
            f"connect-{name}": f"/connect/{name}" for name in ("attribution", "history", "keys", "webhooks", "requests")
        },
    }


async def picture_for_the_docs(world: World, browser: Browser) -> None:
    await picture_pages(world, browser)
    await picture_the_telephone(browser)
    await browser.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await browser.open("/", "SMS for Ecommerce")
    await keep(browser, "phone-home")


async def picture_pages(world: World, browser: Browser) -> None:
    fulfilled = next(each for each in await world.messages() if each["kind"] == "order_fulfilled")
    detail = f"/messages/{fulfilled['id']}"
    pages = {
        "home": ("/", "SMS for Ecommerce", 740),
        "connection": ("/settings/connection", "RingCentral", HEIGHT),
        "editor": ("/templates/order_fulfilled", "Order fulfilled", HEIGHT),
        "message-detail": (detail, f"{fulfilled['label']} {fulfilled['order_name']}", 760),
    }
    for name, (path, heading, height) in pages.items():
        await browser.page.set_viewport_size({"width": WIDTH, "height": height})
        await browser.open(path, heading)
        await keep(browser, name)


async def picture_the_telephone(browser: Browser) -> None:
    await browser.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    await browser.open("/messages", "Messages", panel=True)
    await browser.pick("Store")
    await browser.panel.get_by_role("button", name="Open the phone of Ada Lovelace").click()
    await expect(browser.panel.locator("#bubbles .bubble").last).to_be_visible()
    await keep(browser, "messages")


async def keep(browser: Browser, name: str) -> None:
    file = IMAGES / f"{name}.png"
    await browser.picture(file)
    file.write_bytes(await smaller(browser.page, file.read_bytes()))


if __name__ == "__main__":
    main()
