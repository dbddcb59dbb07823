"""What the admin's pages use of Polaris and App Bridge: elements, attributes, values, slots. All else is a mistake.

An unknown attribute or slot fails silently in the admin: the merchant sees a plain button, or nothing. An addition is
looked up in Shopify's reference first; `tests/contracts/test_polaris.py` compares these tables with what they publish.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

ANY, FLAG = "*", ""
"""An attribute with any text; one that is there or not."""

TONES = "info success warning critical"
SHADES = f"{TONES} neutral"
LINK = {"href": ANY, "target": "_blank"}
COMMAND = {"commandfor": ANY, "command": "--show --hide"}
FIELD = {"error": ANY, "label": ANY, "name": ANY}
FILLED = FIELD | {"value": ANY}
NAMELESS = {"labelaccessibilityvisibility": "exclusive"}

ELEMENTS: dict[str, dict[str, str]] = {
    "s-badge": {"tone": SHADES},
    "s-banner": {"heading": ANY, "tone": TONES},
    "s-box": {"padding": "base"},
    "s-button": LINK
    | COMMAND
    | {
        "accessibilitylabel": ANY,
        "disabled": FLAG,
        "icon": "chevron-down chevron-left chevron-up export external refresh view",
        "loading": FLAG,
        "tone": "critical",
        "type": "submit",
        "variant": "primary tertiary",
    },
    "s-checkbox": FIELD,
    "s-choice": {"disabled": FLAG, "selected": FLAG, "value": ANY},
    "s-choice-list": FIELD | NAMELESS | {"multiple": FLAG},
    "s-clickable-chip": {"accessibilitylabel": ANY, "color": "base strong", "href": ANY},
    "s-email-field": FILLED | {"autocomplete": "off", "details": ANY, "placeholder": ANY},
    "s-empty-state": {"heading": ANY},
    "s-heading": {},
    "s-grid": {"gap": "base", "gridtemplatecolumns": ANY},
    "s-icon": {
        "tone": SHADES,
        "type": "alert-circle alert-triangle cash-dollar chat check-circle check-circle-filled chevron-right"
        " circle-dashed clipboard clock filter info lock notification phone plus-circle team wrench x-circle",
    },
    "s-link": LINK | {"tone": "neutral"},
    "s-modal": {"heading": ANY, "size": "small"},
    "s-number-field": FILLED | {"max": ANY, "min": ANY, "step": ANY},
    "s-option": {"value": ANY},
    "s-page": {"heading": ANY, "inlinesize": "large small"},
    "s-paragraph": {"color": "subdued", "tone": "critical"},
    "s-password-field": FIELD | {"autocomplete": "off", "details": ANY},
    "s-progress": {"accessibilitylabel": ANY, "max": ANY, "tone": "success", "value": ANY},
    "s-search-field": FILLED | NAMELESS | {"placeholder": ANY},
    "s-section": {"accessibilitylabel": ANY, "heading": ANY, "padding": "none", "subheading": ANY},
    "s-select": FILLED | NAMELESS | {"details": ANY},
    "s-spinner": {"accessibilitylabel": ANY, "size": "base"},
    "s-stack": {"gap": "small-400 small-500"},
    "s-switch": FIELD | NAMELESS | {"checked": FLAG, "details": ANY, "disabled": FLAG},
    "s-table": {"loading": FLAG},
    "s-table-body": {},
    "s-table-cell": {},
    "s-table-header": {"format": "numeric", "listslot": "inline kicker primary secondary"},
    "s-table-header-row": {},
    "s-table-row": {"clickdelegate": ANY},
    "s-text": {"color": "subdued", "fontvariantnumeric": "tabular-nums", "type": "strong"},
    "s-text-area": FILLED | {"details": ANY, "readonly": FLAG, "rows": ANY},
    "s-text-field": FILLED
    | NAMELESS
    | {"autocomplete": "off tel", "details": ANY, "placeholder": ANY, "readonly": FLAG},
}
EVERYWHERE = {"id", "slot", "hidden", "class", "role", "tabindex"}

CHILDLESS = {
    *("s-checkbox", "s-email-field", "s-icon", "s-number-field", "s-password-field", "s-progress"),
    *("s-search-field", "s-spinner", "s-switch", "s-text-area", "s-text-field"),
}
"""What is put into these is never shown; into s-empty-state only what stands in its slots."""

SLOTS: dict[tuple[str, str], dict[str, str]] = {
    ("s-banner", "secondary-actions"): {"s-button": "secondary"},
    ("s-choice", "details"): {"s-text": ANY},
    ("s-empty-state", "primary-action"): {"s-button": "primary"},
    ("s-empty-state", "subheading"): {"s-text": ANY},
    ("s-modal", "primary-action"): {"s-button": "primary"},
    ("s-modal", "secondary-actions"): {"s-button": "secondary"},
    ("s-page", "accessory"): {"s-badge": ANY},
    ("s-page", "aside"): {"div": ANY, "s-section": ANY},
    ("s-page", "breadcrumb-actions"): {"s-link": ANY},
    ("s-page", "primary-action"): {"s-button": "primary"},
    ("s-page", "secondary-actions"): {"s-button": "secondary"},
    ("s-section", "accessory"): {"s-badge": ANY},
    ("s-section", "secondary-actions"): {"s-button": ANY, "s-link": ANY},
}
"""Which element may stand in which slot, and in which variant: what does not fit is left out by the genuine ones."""

OF_APP_BRIDGE = {"s-app-nav": {}, "ui-save-bar": {"discardconfirmation": FLAG}, "s-link": {"href": ANY, "rel": "home"}}
"""Elements that the admin reads; the links are those of its menu."""

DEEDS = {
    *("reviews.request", "support.registerHandler", "webVitals.onReport"),
    *("loading", "scopes.request", "toast.show", "saveBar.show", "saveBar.hide", "saveBar.leaveConfirmation"),
}
"""What pages ask of the `shopify` global."""

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""In a template stands for what is only known when it is rendered."""

JINJA_NOTE = re.compile(r"\{#.*?#\}", re.DOTALL)
JINJA_VALUE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
JINJA_DEED = re.compile(r"\{%.*?%\}", re.DOTALL)
SPELLED = re.compile(r"""^(?:'( [a-z]+(?:="[^"]*")?)'|"( [a-z-]+)")""")


def source_of(template: str) -> str:
    """A template as markup: every branch of it, and what is filled in later as UNKNOWN."""

    def value(found: re.Match[str]) -> str:
        spelled = SPELLED.match(found[1])  # {{ ' checked' if … }}
        return (spelled[1] or spelled[2]) if spelled else UNKNOWN

    return JINJA_DEED.sub(" ", JINJA_VALUE.sub(value, JINJA_NOTE.sub("", template)))


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)


class Markup(HTMLParser):
    """Collects what a page or template has and Polaris does not, and whatever it does use."""

    VOID = frozenset({"br", "input", "img", "link", "meta", "wbr", "hr", "path", "line", "rect", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.strangers: set[str] = set()
        self.used: set[tuple[str, str]] = set()
        self._open: list[Node] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._look_at(node, self._open[-1] if self._open else None)
        if tag not in self.VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self._open):
            while self._open.pop().tag != tag:
                pass

    def _look_at(self, node: Node, parent: Node | None) -> None:
        if node.tag.startswith(("s-", "ui-")):
            in_menu = parent is not None and parent.tag == "s-app-nav"
            self._look_at_attributes(node, OF_APP_BRIDGE if in_menu or node.tag not in ELEMENTS else ELEMENTS)
        if parent is not None:
            self._look_at_place(node, parent)

    def _look_at_attributes(self, node: Node, known: dict[str, dict[str, str]]) -> None:
        if node.tag not in known:
            self.strangers.add(node.tag)
            return
        self.used.add((node.tag, ""))
        for name, value in node.attributes.items():
            if name in EVERYWHERE or name.startswith(("data-", "aria-")):
                continue
            self.used.add((node.tag, name))
            values = known[node.tag].get(name)
            if values is None:
                self.strangers.add(f"{node.tag} {name}")
            elif not fits(value, values):
                self.strangers.add(f'{node.tag} {name}="{value}"')

    def _look_at_place(self, node: Node, parent: Node) -> None:
        slot = node.attributes.get("slot")
        if slot is None:
            if parent.tag in CHILDLESS or parent.tag == "s-empty-state":
                self.strangers.add(f"{node.tag} in {parent.tag}")
        elif slot != UNKNOWN:
            variant = SLOTS.get((parent.tag, slot), {}).get(node.tag)
            if variant is None or not fits(node.attributes.get("variant") or "secondary", variant):
                self.strangers.add(f"{node.tag} in {slot} of {parent.tag}")
            if (parent.tag, slot) == ("s-page", "aside") and "inlinesize" in parent.attributes:
                self.strangers.add("an aside, which is only shown at the base width of s-page")


def fits(value: str | None, values: str) -> bool:
    """Whether an attribute's *value* is one of *values*; what is filled in later always is."""
    return values == ANY or UNKNOWN in (value or "") or (value or FLAG) in (values.split() or [FLAG])


def strangers(html: str) -> set[str]:
    """What a rendered page has that Polaris and App Bridge do not know."""
    markup = Markup()
    markup.feed(html)
    return markup.strangers
