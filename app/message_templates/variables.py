"""Every variable a template may use: what it is called in the editor, a sample, and how long it gets in real shops.

The longest realistic values decide the worst-case number of segments that the editor and the linter show. For the
linter they are plain text on purpose: whether a customer's own name forces Unicode is not something the merchant's
wording can change. It is what the text will cost though, so the range that the editor shows counts such a name too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

PARCEL_KINDS: Final = frozenset(
    {
        "order_fulfilled",
        "order_partially_fulfilled",
        "tracking_updated",
        "delivery_delayed",
        "out_for_delivery",
        "delivery_attempted",
        "ready_for_pickup",
        "delivered",
    }
)
REFUND_KINDS: Final = frozenset({"order_refunded"})
ORDER_KINDS: Final = frozenset({"order_confirmed", "order_paid", "order_cancelled"}) | REFUND_KINDS | PARCEL_KINDS
CONNECT_KINDS: Final = frozenset({"connect_order_paid", "connect_order_shipped"})
"""Order texts that a connected account (an affiliate) sends: they name the person beside the shop."""
SHIPPING_KINDS: Final = PARCEL_KINDS | {"connect_order_shipped"}
"""Kinds that are about a parcel; only they know its tracking."""
REPLY_KINDS: Final = frozenset(
    {"help_reply", "stop_confirmation", "start_confirmation", "opt_in_question", "opt_in_confirmation"}
)
"""Answers to keywords: sent to whoever wrote, so only the shop is known."""

Values = dict[str, dict[str, str | int]]
"""What a template is rendered with: group → field → value."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    label: str
    group: str
    sample: str | int
    longest: str | int
    kinds: frozenset[str] | None = None
    """Kinds that may use it; None means every kind."""


DEAR_LETTER: Final = "í"
"""Of the letters outside GSM-7 the one that stands in the most names: García, María, Lucía."""
_NAMES: Final = frozenset({"customer.name", "customer.first_name", "customer.last_name", "affiliate.name"})

_KEY: Final = "b1946ac92492d2347c6235b4d2611184"

VARIABLES: Final = (
    Variable("customer.name", "Full name", "Customer", "Ada Lovelace", "Maximiliana Featherstonehaugh-Vandermeer"),
    Variable("customer.first_name", "First name", "Customer", "Ada", "Maximiliana"),
    Variable("customer.last_name", "Last name", "Customer", "Lovelace", "Featherstonehaugh-Vandermeer"),
    Variable(
        "customer.opt_out_url",
        "Opt-out link",
        "Customer",
        f"https://texts.demo-store.com/c/demo-store/opt-out?t={_KEY}{_KEY[:27]}",
        f"https://texts.greenfield-sons-garden-supplies.com/c/greenfield-sons-garden-supplies/opt-out?t={_KEY}{_KEY[:27]}",
        ORDER_KINDS,
    ),
    Variable("shop.name", "Shop name", "Shop", "Demo Store", "Greenfield & Sons Garden Supplies"),
    Variable(
        "shop.url", "Shop address", "Shop", "https://demo-store.com", "https://www.greenfield-sons-garden-supplies.com"
    ),
    Variable("shop.phone", "Shop phone", "Shop", "+16505550199", "+44 20 7946 0958"),
    Variable(
        "affiliate.name", "Affiliate's name", "Affiliate", "Jane Doe", "Bartholomew Featherstonehaugh", CONNECT_KINDS
    ),
    Variable("affiliate.phone", "Affiliate's number", "Affiliate", "+16505550123", "+44 20 7946 0958", CONNECT_KINDS),
    Variable("order.name", "Order name", "Order", "#1001", "GREENFIELD-1234567-US"),
    Variable("order.number", "Order number", "Order", 1001, 1234567),
    Variable(
        "order.status_url",
        "Order status page",
        "Order",
        f"https://demo-store.com/548380009/orders/{_KEY}/authenticate?key=abcdefg",
        f"https://greenfield-sons-garden-supplies.com/54838000912/orders/{_KEY}/authenticate?key={_KEY}",
    ),
    Variable("order.total", "Order total", "Order", "$35.00", "CA$123,456.78"),
    Variable("order.item_count", "Number of items", "Order", 2, 120),
    Variable("refund.amount", "Refunded amount", "Refund", "$12.00", "CA$123,456.78", REFUND_KINDS),
    Variable(
        "tracking.url",
        "Tracking link",
        "Shipping",
        "https://www.ups.com/track?tracknum=1Z999AA10123456784",
        "https://tools.usps.com/go/TrackConfirmAction_input?qtc_tLabels1=9400111899223197428490",
        SHIPPING_KINDS,
    ),
    Variable(
        "tracking.number", "Tracking number", "Shipping", "1Z999AA10123456784", "9400111899223197428490", SHIPPING_KINDS
    ),
    Variable("tracking.company", "Carrier", "Shipping", "UPS", "DHL eCommerce Asia (Registered)", SHIPPING_KINDS),
    Variable(
        "fulfillment.name", "Fulfillment name", "Shipping", "#1001-F1", "GREENFIELD-1234567-US-F12", SHIPPING_KINDS
    ),
)


def variables_for(kind: str) -> tuple[Variable, ...]:
    """Return what the editor offers for *kind*, in its order."""
    return tuple(variable for variable in VARIABLES if _may_use(kind, variable))


def names_for(kind: str) -> frozenset[str]:
    return frozenset(variable.name for variable in variables_for(kind))


def sample_values(kind: str) -> Values:
    return _nested({variable.name: variable.sample for variable in variables_for(kind)})


def longest_values(kind: str) -> Values:
    return _nested({variable.name: variable.longest for variable in variables_for(kind)})


def dear_values(kind: str) -> Values:
    """The longest, with a letter outside GSM-7 in the names: so near their beginning that no template cuts it off."""
    dear: dict[str, str | int] = {}
    for variable in variables_for(kind):
        longest = str(variable.longest)
        named = variable.name in _NAMES
        dear[variable.name] = f"{longest[0]}{DEAR_LETTER}{longest[2:]}" if named else variable.longest
    return _nested(dear)


def editor_chips(kind: str) -> list[dict[str, Any]]:
    """The catalogue as JSON for the editor: grouped in the order of appearance."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for variable in variables_for(kind):
        chip = {"name": variable.name, "label": variable.label, "sample": variable.sample, "longest": variable.longest}
        groups.setdefault(variable.group, []).append(chip)
    return [{"group": group, "variables": chips} for group, chips in groups.items()]


def _may_use(kind: str, variable: Variable) -> bool:
    if kind in REPLY_KINDS:
        return variable.name.startswith("shop.")
    return variable.kinds is None or kind in variable.kinds


def _nested(flat: Mapping[str, str | int]) -> Values:
    values: Values = {}
    for name, value in flat.items():
        group, field = name.split(".", 1)
        values.setdefault(group, {})[field] = value
    return values
