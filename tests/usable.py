"""Whether everybody can use what a page shows: axe's rules, nothing cut off, at each width and in both of its looks.

All rules run at the width the page stands at; what a width can change (contrast, size of targets, scrolling, words
that are cut off) runs again at the other widths, on the page as it stands, without loading it anew.
"""

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.async_api import Frame, Page

WIDTHS = (1440, 1280, 768, 390, 320)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
BY_WIDTH = ("color-contrast", "target-size", "scrollable-region-focusable")
BY_LOOK = ("color-contrast",)
LIMITS = {"paint": 2500, "shift": 0.1, "interaction": 200}
"""Built for Shopify's: milliseconds, score, milliseconds."""
MOST_STOPS = 80


@cache
def scripts() -> str:
    axe = next(Path(axe_playwright_python.__file__).parent.glob("axe.min.js")).read_text()
    return f"{axe}\n;{Path(__file__).with_suffix('.js').read_text()}"


class Sight:
    """A document, in a frame or by itself, as people with a small screen, poor eyes or a keyboard meet it."""

    def __init__(self, page: Page, document: Page | Frame) -> None:
        self.page, self.document = page, document

    async def usable(self, place: str, *, tags: tuple[str, ...] = RULES, widths: tuple[int, ...] = WIDTHS) -> None:
        """Leaves the page as wide as it was."""
        viewport = self.page.viewport_size
        assert viewport is not None
        await self._keeps_rules(f"{place} at {viewport['width']}", tags=tags)
        await self._fits(f"{place} at {viewport['width']}")
        for width in widths:
            if width != viewport["width"]:
                await self.page.set_viewport_size({"width": width, "height": viewport["height"]})
                await self._fits(f"{place} at {width}")
                await self._keeps_rules(f"{place} at {width}", rules=BY_WIDTH)
        await self.page.set_viewport_size(viewport)

    async def usable_in_the_next_look(self, place: str) -> None:
        """Colours are what differs; the page must fit there too."""
        await self.document.evaluate("document.documentElement.dataset.look = 'next'")
        await self._keeps_rules(f"{place} in the next look", rules=BY_LOOK)
        await self._fits(f"{place} in the next look")
        await self.document.evaluate("document.documentElement.dataset.look = 'classic'")

    async def fits(self, place: str, widths: tuple[int, ...] = WIDTHS) -> None:
        """Nothing is cut off and nothing scrolls sideways; leaves the page as wide as it was."""
        viewport = self.page.viewport_size
        assert viewport is not None
        for width in widths:
            await self.page.set_viewport_size({"width": width, "height": viewport["height"]})
            await self._fits(f"{place} at {width}")
        await self.page.set_viewport_size(viewport)

    async def walked_by_keyboard(self, place: str) -> None:
        """Tab reaches each control from where a new page has its focus, and each shows in sight that it has it."""
        await self._ask("painted")
        stops: int = await self._ask("watchFocus")
        for _ in range(stops):
            await self.page.keyboard.press("Tab")
        found: list[str] = await self._ask("walked")
        assert found == [], (place, found)

    async def tab_to(self, name: str) -> None:
        """Press Tab until the control called *name* has the focus."""
        passed: list[str] = []
        for _ in range(MOST_STOPS):
            await self.page.keyboard.press("Tab")
            passed.append(await self._ask("focused"))
            if passed[-1] == name:
                return
        raise AssertionError(f"Tab never reaches {name}; it passes {passed}")

    async def has_focus(self, name: str) -> None:
        await self._ask("focused")
        await self.document.wait_for_function("(name) => usable.focused() === name", arg=name)

    async def fast(self, place: str) -> None:
        """Within Built for Shopify's limits since the document was loaded, the keys pressed since then included."""
        await self._ask("painted")
        await self.document.evaluate("(document.getElementById('app') ?? document.body).focus()")
        await self.page.keyboard.press("Tab")
        vitals: dict[str, float] = await self._ask("vitals")
        assert vitals["paint"] > 0, (place, vitals)
        assert {name: value for name, value in vitals.items() if value > LIMITS[name]} == {}, (place, vitals)

    async def _keeps_rules(self, place: str, *, rules: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> None:
        found: list[str] = await self._ask("brokenRules", [rules or None, tags])
        assert found == [], (place, found)

    async def _fits(self, place: str) -> None:
        found: list[str] = await self._ask("cutOff")
        assert found == [], (place, found)

    async def _ask(self, what: str, argument: Any = None) -> Any:
        if not await self.document.evaluate("'usable' in window"):
            await self.document.evaluate(scripts())
        return await self.document.evaluate(f"(argument) => usable.{what}(argument)", argument)
