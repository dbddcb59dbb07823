"""A real Chromium at the simulated admin, with the whole app of a world in its frame.

The app answers with its production pages and headers. Shopify's CDN is answered from the stand-ins; any other call that
would leave this machine is refused, and counts as a problem like an error in the page's console.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import (
    BrowserContext,
    Frame,
    FrameLocator,
    Locator,
    Page,
    Playwright,
    Route,
    async_playwright,
    expect,
)
from starlette.applications import Starlette

from app.simulator.frame import frame_routes, stub_files
from tests.usable import Sight
from tests.world import World

PLACE = "/store/demo-store/apps/sms-for-ecommerce"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-lcd-text",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 20_000
"""Milliseconds that anything may take to show up: a busy machine is not a fault of a page."""
CDN = "https://cdn.shopify.com/"
running: list[Chromium] = []
ELSEWHERE = re.compile(r"^(?:https?|wss?)://(?!127\.0\.0\.1[:/]|localhost[:/])")
expect.set_options(timeout=PATIENCE)


class Browser:
    """A page of the simulated admin, and what went wrong in it."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.app: FrameLocator = page.frame_locator("#app")
        self.panel: Locator = page.locator("#panel")
        self.problems: list[str] = []
        self._origin = origin
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))

    async def open(self, path: str, heading: str, *, panel: bool = False) -> None:
        """The admin at a page of the app; beside it the demo panel, or no panel."""
        await self.visit(path, panel=panel)
        await self.shows(heading)

    async def visit(self, path: str, *, panel: bool = False) -> None:
        """The same, whatever the page is called."""
        await self.page.goto(f"{self._origin}{PLACE}{path}")
        await expect(self.app.locator("html.ready")).to_be_attached()
        if await self.panel.is_visible() != panel:
            await self.page.locator("#panel-toggle").click()

    async def load(self, path: str) -> None:
        """Another document of the app, in the admin that stands open already: quicker than `visit`."""
        script = "async (path) => (await (await fetch(`/frame/demo-store/document?path=${path}`)).json()).url"
        await self.frame.goto(await self.page.evaluate(script, quote(path)))
        await expect(self.app.locator("html.ready")).to_be_attached()

    async def shows(self, heading: str) -> None:
        """The framed app shows the page with this heading, and its scripts are at work."""
        await expect(self.app.locator(f'html.ready #app:not([aria-busy]) s-page[heading="{heading}"]')).to_be_attached()
        await expect(self.page.locator("#title")).to_have_text(heading)

    async def go_to(self, entry: str, heading: str | None = None) -> None:
        """By the app's own entry in the admin's menu."""
        await self.page.locator("#app-menu").get_by_role("link", name=entry, exact=True).click()
        await self.shows(heading or entry)

    async def pick(self, tab: str) -> None:
        """A tab of the demo panel."""
        await self.panel.get_by_role("tab", name=tab).click()

    async def save(self) -> None:
        bar = self.page.locator("#save-bar")
        await expect(bar).to_be_visible()
        await self.page.locator("#save-bar-save").click()
        await expect(bar).to_be_hidden()

    @property
    def frame(self) -> Frame:
        return next(each for each in self.page.frames if each.name == "app-iframe")

    @property
    def sight(self) -> Sight:
        """The app's document, to be looked at."""
        return Sight(self.page, self.frame)

    async def in_frame(self, script: str, argument: Any = None) -> Any:
        return await self.frame.evaluate(script, argument)

    async def picture(self, file: Path) -> None:
        """What is to be seen, once letters and movements have settled."""
        await self.page.wait_for_load_state("networkidle")
        await self.in_frame("document.fonts.ready.then(() => true)")
        await self.page.screenshot(path=file, animations="disabled")

    async def answer_elsewhere(self, route: Route) -> None:
        """For whatever the browser asks of another machine."""
        url = route.request.url
        script = stub_files().get(urlsplit(url).path) if url.startswith(CDN) else None
        if script is not None:
            await route.fulfill(body=script, content_type="text/javascript")
            return
        self.problems.append(f"Asked for {url}")
        await route.abort()

    def _note(self, kind: str, text: str) -> None:
        # The browser itself reports a 4xx as an error; a refused save is one on purpose.
        if kind == "error" and "Failed to load resource" not in text:
            self.problems.append(text)


@asynccontextmanager
async def browsing(
    world: World, *, width: int = 1440, height: int = 900, locale: str = "en-US"
) -> AsyncIterator[Browser]:
    find_chromium()
    world.shopify.pages = Starlette(routes=frame_routes(world.shopify, world.ringcentral, lambda: world.url))
    origin = world.deps.settings.shopify_simulator_origin
    assert origin is not None
    async with chromium() as launched, await _context(launched, width, height, locale) as context:
        opened = Browser(await context.new_page(), origin)
        await context.route(ELSEWHERE, opened.answer_elsewhere)
        await opened.page.clock.set_fixed_time(world.clock())
        yield opened
    assert opened.problems == [], opened.problems


@asynccontextmanager
async def kept_running() -> AsyncIterator[None]:
    """One for all who ask `chromium` meanwhile: it starts in a second, and a new context in it at once."""
    path = chromium_path()
    if path is None:
        yield
        return
    async with async_playwright() as playwright:
        running.append(await launch(playwright, path))
        try:
            yield
        finally:
            await running.pop().close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """The one that is kept running; where there is none, or it has crashed, one for this time."""
    if running and running[-1].is_connected():
        yield running[-1]
        return
    async with async_playwright() as playwright:
        launched = await launch(playwright, find_chromium())
        yield launched
        await launched.close()


async def launch(playwright: Playwright, chromium: str) -> Chromium:
    return await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)


def find_chromium() -> str:
    """Where it is; without one the test is skipped, or fails where a browser is required."""
    path = chromium_path()
    if path is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, and there is no Chromium on this machine.")
    if path is None:
        pytest.skip("There is no Chromium on this machine.")
    return path


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


async def _context(chromium: Chromium, width: int, height: int, locale: str) -> BrowserContext:
    """A merchant's browser in New York, where the shop is."""
    # Without motion: a colour that is measured halfway through a dialog's fading in is nobody's fault.
    context = await chromium.new_context(
        viewport={"width": width, "height": height},
        locale=locale,
        timezone_id="America/New_York",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    return context
