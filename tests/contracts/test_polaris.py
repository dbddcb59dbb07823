"""Templates and scripts use what the tables of `tests/polaris.py` list, and Shopify has published all that is in them.

`POLARIS_MANIFEST` names `custom-elements.json` of the npm package @shopify/polaris-types, `APP_BRIDGE_TYPES` the
`index.d.ts` of @shopify/app-bridge-types. Neither is ours to publish; without them only our own tables are kept.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from app.core.static_files import WEB
from app.simulator.frame.assets import POLARIS, stub_files
from tests.browser import find_chromium, launch
from tests.polaris import (
    ANY,
    CHILDLESS,
    DEEDS,
    ELEMENTS,
    EVERYWHERE,
    FLAG,
    OF_APP_BRIDGE,
    SLOTS,
    Markup,
    source_of,
    strangers,
)

OUTSIDE = {"hosted.js", "connect_snippet.js"}
TEMPLATES = [*(WEB / "templates" / "admin").rglob("*.html"), *(WEB / "templates" / "partials").glob("*.html")]
SCRIPTS = {path.name: path.read_text() for path in (WEB / "static" / "js").glob("*.js") if path.name not in OUTSIDE}
BRIDGE = Path(stub_files.__code__.co_filename).parent / "app_bridge"

MADE_BY_SCRIPTS = {"error", "loading"}
EVENTS = {"change", "click", "input"}
"""What scripts listen to on elements of Polaris; the others are the browser's own, or ours."""
NATIVE = {"popstate", "submit", "keyup", "pointerup", "focusout", "collect", "plan", "scroll", "visibilitychange"}

AGREED = {('s-text-field autocomplete="tel"'), "s-page slot accessory"}
"""Not in the manifest, and documented all the same: there is no phone field, and the badge is App Bridge's."""


def test_templates_use_nothing_that_is_not_listed() -> None:
    found = {path.name: strangers(source_of(path.read_text())) for path in TEMPLATES}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<s-tabs></s-tabs>", "s-tabs"),
        ("<s-button kind=x>Go</s-button>", "s-button kind"),
        ("<s-badge tone=loud>Go</s-badge>", 's-badge tone="loud"'),
        ("<s-switch checked=yes></s-switch>", 's-switch checked="yes"'),
        ("<s-page><p slot=footer>x</p></s-page>", "p in footer of s-page"),
        ("<s-empty-state><p>x</p></s-empty-state>", "p in s-empty-state"),
        ("<s-switch><p>x</p></s-switch>", "p in s-switch"),
        ("<s-page><s-button slot=primary-action>x</s-button></s-page>", "s-button in primary-action of s-page"),
        (
            "<s-page inlineSize=large><div slot=aside>x</div></s-page>",
            "an aside, which is only shown at the base width of s-page",
        ),
        ("<s-link href=/ rel=home>x</s-link>", "s-link rel"),
        ("<s-app-nav><s-link href=/ tone=neutral>x</s-link></s-app-nav>", "s-link tone"),
    ],
)
def test_what_is_not_listed_is_found(html: str, fault: str) -> None:
    assert strangers(html) == {fault}


def test_scripts_make_and_listen_to_nothing_that_is_not_listed() -> None:
    attributes = {name for known in ELEMENTS.values() for name in known} | EVERYWHERE
    faults = set[str]()
    for name, script in SCRIPTS.items():
        faults |= {f"{name}: {tag}" for tag in re.findall(r"['\s,>(](s-[a-z-]+)", script) if tag not in ELEMENTS}
        for tag, given in re.findall(r"element\('(s-[\w-]+)', \{([^}]*)\}", script):
            faults |= {f"{name}: {tag} {key}" for key in keys_of(given) - set(ELEMENTS[tag])}
        set_here = {each.lower() for each in re.findall(r"(?:set|remove|toggle)Attribute\('([\w-]+)'", script)}
        faults |= {f"{name}: {each}" for each in set_here - attributes if not each.startswith(("data-", "aria-"))}
        heard = set(re.findall(r"addEventListener\('(\w+)'", script))
        faults |= {f"{name}: on {each}" for each in heard - EVENTS - NATIVE}
        asked = set(re.findall(r"shopify\??\.(\w+(?:\??\.\w+)?)(?=\??\.?\()", script))
        faults |= {f"{name}: shopify.{each}" for each in {deed.replace("?", "") for deed in asked} - DEEDS}
    assert faults == set()


def keys_of(given: str) -> set[str]:
    """Of an object literal, as attributes: "type: icon, tone" has type and tone."""
    return {part.split(":")[0].strip().strip("'").lower() for part in given.split(",") if part.strip()}


def test_nothing_is_listed_that_is_not_used() -> None:
    used = set[tuple[str, str]]()
    for path in TEMPLATES:
        markup = Markup()
        markup.feed(source_of(path.read_text()))
        used |= markup.used
    made = " ".join(SCRIPTS.values())
    unused = {
        (tag, name)
        for tag, attributes in ELEMENTS.items()
        for name in ("", *attributes)
        if (tag, name) not in used and name not in MADE_BY_SCRIPTS and f"element('{tag}'" not in made
    }
    assert unused == set()


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """What Shopify publishes, by tag."""
    name = os.environ.get("POLARIS_MANIFEST", "")
    if not name or not Path(name).is_file():
        pytest.skip("POLARIS_MANIFEST names no file with Polaris' manifest")
    declared = [each for module in json.loads(Path(name).read_text())["modules"] for each in module["declarations"]]
    return {each["tagName"]: each for each in declared}


def test_everything_that_is_listed_is_published(manifest: dict[str, Any]) -> None:
    faults = set[str]()
    for tag, attributes in ELEMENTS.items():
        known = {each["name"]: each["type"]["text"] for each in manifest[tag].get("attributes", [])}
        for name, values in attributes.items():
            if name not in known:
                faults.add(f"{tag} {name}")
            else:
                faults |= {f'{tag} {name}="{value}"' for value in values_beyond(values, known[name])}
    slots = {tag: {each["name"] for each in manifest[tag].get("slots", [])} for tag in ELEMENTS}
    faults |= {f"{tag} slot {slot}" for tag, slot in SLOTS if slot not in slots[tag]}
    faults |= {f"{tag} has no place for children" for tag in CHILDLESS if "" in slots[tag]}
    assert faults == AGREED


def values_beyond(values: str, published: str) -> list[str]:
    """Those of *values* that the published type does not name, where it names any."""
    if values == FLAG:
        return [] if "boolean" in published else ["(a flag)"]
    named = set(re.findall(r'"([^"]*)"', published))
    free = published in ("any", "number") or "string" in re.sub(r'"[^"]*"', "", published) or not named
    return [] if free else [value for value in (["*"] if values == ANY else values.split()) if value not in named]


def test_the_events_that_scripts_listen_to_are_published(manifest: dict[str, Any]) -> None:
    published = {each["name"] for element in manifest.values() for each in element.get("events", [])}
    assert published >= EVENTS


@pytest.mark.browser
async def test_the_stand_in_has_nothing_that_is_not_published(manifest: dict[str, Any]) -> None:
    chromium = find_chromium()
    async with async_playwright() as playwright:
        browser = await launch(playwright, chromium)
        page = await browser.new_page()
        await page.set_content("<!doctype html><body>")
        await page.add_script_tag(content=stub_files()[POLARIS].decode())
        made: dict[str, Any] = await page.evaluate(
            """(tags) => Object.fromEntries(tags.filter((tag) => customElements.get(tag)).map((tag) => {
              const element = document.body.appendChild(document.createElement(tag));
              const slots = [...element.shadowRoot.querySelectorAll('slot')].map((slot) => slot.name);
              return [tag, { attributes: customElements.get(tag).observedAttributes, slots }];
            }))""",
            list(manifest),
        )
        await browser.close()
    assert set(ELEMENTS) <= set(made)
    faults = set[str]()
    for tag, own in made.items():
        published = manifest[tag]
        faults |= {f"{tag} {each}" for each in own["attributes"] if each not in names_of(published, "attributes")}
        faults |= {f"{tag} slot {each}" for each in own["slots"] if each not in names_of(published, "slots")}
    assert faults == {each for each in AGREED if " slot " in each}


def names_of(published: dict[str, Any], what: str) -> set[str]:
    return {each["name"] for each in published.get(what, [])}


@pytest.fixture(scope="module")
def types() -> str:
    name = os.environ.get("APP_BRIDGE_TYPES", "")
    if not name or not Path(name).is_file():
        pytest.skip("APP_BRIDGE_TYPES names no file with App Bridge's types")
    return Path(name).read_text()


def test_what_is_asked_of_app_bridge_is_published(types: str) -> None:
    faults = {tag for tag in OF_APP_BRIDGE if tag != "s-link" and f'"{tag}": ' not in types}
    assert re.search(r'interface SAppNavLinkAttributes \{[^}]*rel\?: "home"', types)
    assert "discardConfirmation?: boolean" in types
    for deed in DEEDS:
        api, _, verb = deed.partition(".")
        kind = type_of(types, "ShopifyGlobal", api)
        if kind is None or (verb and type_of(types, kind, verb) is None):
            faults.add(deed)
    assert faults == set()


def test_the_stand_in_of_app_bridge_invents_nothing(types: str) -> None:
    offered = set(re.findall(r"\bshopify\.(\w+) = ", "".join(path.read_text() for path in BRIDGE.glob("*.js"))))
    assert offered
    assert {each for each in offered if type_of(types, "ShopifyGlobal", each) is None} == set()


def type_of(types: str, interface: str, member: str) -> str | None:
    """The type of a member; an interface may only require what another one describes."""
    found = re.search(
        rf"interface {interface}(?: extends Required<(\w+)>)? \{{(.*?)^\}}", types, re.DOTALL | re.MULTILINE
    )
    if found is None:
        return None
    own = re.search(rf"^\s*{member}\??(?:: (\w*)|\()", found[2], re.MULTILINE)
    if own is None and found[1]:
        return type_of(types, found[1], member)
    return (own[1] or "method") if own else None
