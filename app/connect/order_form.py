"""An order as an organisation's software sends it, checked field by field; what is unknown is kept, never refused.

The names and shapes are those that existing integrations use: dates as "now", a day or RFC 3339, prices in integer
cents, a total that need not be the sum of the lines. `OrderForm.given` says which fields were sent, so that a change
touches only those. Fields that only answers have (`id`, `status`, `total`, …) may be sent back and are ignored.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from app.connect.consent import STATES, SUBSCRIBED, Evidence
from app.connect.moments import read_moment
from app.core.errors import Invalid
from app.core.phone import to_e164

MOMENTS: Final = ("created_at", "invoiced_at", "paid_at", "shipped_at", "refunded_at")
TEXTS: Final = {
    "description": 5000,
    "reference_id": 255,
    "profile_name": 255,
    "profile_shipping_address_raw": 1000,
    "invoiced_source": 100,
    "paid_source": 100,
    "shipped_source": 100,
    "refunded_source": 100,
    "shipping_source": 100,
    "shipping_state": 100,
}
SWITCHES: Final = ("fail_if_connect_orders_not_enabled", "dont_trigger_auto_actions")
ONLY_IN_ANSWERS: Final = frozenset(
    {
        "id",
        "company_id",
        "integration",
        "notified_profile_of_paid_invoice_at",
        "object",
        "profile_id",
        "status",
        "total",
        "updated_at",
    }
)
LINE_FIELDS: Final = frozenset(
    {"name", "quantity", "each_price_cents", "each_price_currency", "price_cents", "price_currency"}
)
LINE_ONLY_IN_ANSWERS: Final = frozenset({"each_price", "price", "object"})
TEXT_ALERTS: Final = "text_alerts"
"""The one key of `metadata` that answers add: what became of the order's texts."""
LARGEST_CENTS: Final = 10**12
LARGEST_QUANTITY: Final = 10**6
MOST_LINES: Final = 500
LARGEST_METADATA: Final = 32 * 1024
LONGEST_LINK: Final = 2000
NOT_MOVING: Final = frozenset({"unknown", "pre_transit"})
"""States of a parcel that has not left yet; any other one means that it has."""


@dataclass(frozen=True)
class LineForm:
    name: str
    quantity: Decimal
    each_price_cents: int
    each_price_currency: str
    price_cents: int
    price_currency: str


@dataclass
class OrderForm:
    """*values* holds what was given, by the names of the payload; *unknown* what nobody here knows."""

    given: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    lines: list[LineForm] | None = field(default=None, repr=False)
    consent: Evidence | None = field(default=None, repr=False)
    unknown: dict[str, Any] = field(default_factory=dict, repr=False)
    must_be_enabled: bool = False

    def get(self, name: str, default: Any = None) -> Any:
        value = self.values.get(name)
        return default if value is None else value


def read_order(body: object, *, now: datetime, zone: ZoneInfo, currency: str, country: str | None) -> OrderForm:
    """*body* is `{"order": {...}}`. *country*: where a phone without "+" belongs. Raises `Invalid` by dotted field."""
    order = body.get("order") if isinstance(body, Mapping) else None
    if not isinstance(order, Mapping):
        raise Invalid({"order": 'Send the order as {"order": {…}}.'})
    return Reader(order, now, zone, currency, country).read()


class Reader:
    """Reads one order, collecting a sentence for each wrong field."""

    def __init__(
        self, order: Mapping[str, Any], now: datetime, zone: ZoneInfo, currency: str, country: str | None
    ) -> None:
        self._order, self._now, self._zone, self._currency, self._country = order, now, zone, currency, country
        self._wrong: dict[str, str] = {}
        self._form = OrderForm()

    def read(self) -> OrderForm:
        form = self._form
        readers: dict[str, Callable[[str, Any], Any]] = {
            **dict.fromkeys(MOMENTS, self._moment),
            **dict.fromkeys(TEXTS, self._text),
            **dict.fromkeys(SWITCHES, self._switch),
            "profile_phone_number": self._phone,
            "profile_email": self._email,
            "shipping_link": self._link,
            "total_currency": self._currency_code,
            "total_cents": self._cents,
            "metadata": self._metadata,
            "line_items": self._lines,
            "sms_consent": self._consent,
        }
        for name, value in self._order.items():
            if name in ONLY_IN_ANSWERS:
                continue
            if name not in readers:
                form.unknown[str(name)] = value
                continue
            form.given.add(name)
            form.values[name] = readers[name](name, value) if value is not None else None
        form.must_be_enabled = bool(form.values.pop("fail_if_connect_orders_not_enabled", None))
        self._bound_metadata()
        if self._wrong:
            raise Invalid({f"order.{name}": sentence for name, sentence in self._wrong.items()})
        return form

    def _moment(self, name: str, value: object) -> datetime | None:
        moment = read_moment(value, now=self._now, zone=self._zone) if isinstance(value, str) else None
        if moment is None:
            self._wrong[name] = 'Give "now", a date such as 2023-01-03, or a time such as 2021-04-09T12:00:00-06:00.'
        return moment

    def _text(self, name: str, value: object) -> str | None:
        longest = TEXTS[name]
        if isinstance(value, int) and not isinstance(value, bool) and name == "reference_id":
            value = str(value)
        if not isinstance(value, str) or len(value) > longest:
            self._wrong[name] = f"This must be text of at most {longest} characters."
            return None
        return value.strip() or None

    def _switch(self, name: str, value: object) -> bool:
        if not isinstance(value, bool):
            self._wrong[name] = "This must be true or false."
            return False
        return value

    def _phone(self, name: str, value: object) -> str | None:
        if isinstance(value, str) and not value.strip():
            return None
        phone = to_e164(value, self._country) if isinstance(value, str) else None
        if phone is None:
            self._wrong[name] = "Give a mobile number with its area code, for example (801) 555-6788 or +18015556788."
        return phone

    def _email(self, name: str, value: object) -> str | None:
        if isinstance(value, str) and not value.strip():
            return None
        if not isinstance(value, str) or len(value) > 320 or not EMAIL.fullmatch(value.strip()):
            self._wrong[name] = "Give an e-mail address, for example janet@example.com."
            return None
        return value.strip()

    def _link(self, name: str, value: object) -> str | None:
        if isinstance(value, str) and not value.strip():
            return None
        if not isinstance(value, str) or not is_link(value.strip()):
            self._wrong[name] = f"Give an address that starts with https:// and has at most {LONGEST_LINK} characters."
            return None
        return value.strip()

    def _currency_code(self, name: str, value: object) -> str | None:
        if not isinstance(value, str) or not CURRENCY.fullmatch(value.strip().upper()):
            self._wrong[name] = "Give a currency as three letters, for example USD."
            return None
        return value.strip().upper()

    def _cents(self, name: str, value: object) -> int | None:
        cents = whole(value)
        if cents is None or abs(cents) > LARGEST_CENTS:
            self._wrong[name] = "Give an amount in whole cents, for example 3500 for $35.00."
            return None
        return cents

    def _metadata(self, name: str, value: object) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            self._wrong[name] = 'This must be an object, for example {"campaign": "spring"}.'
            return None
        return {str(key): each for key, each in value.items() if key != TEXT_ALERTS}

    def _lines(self, name: str, value: object) -> None:
        if not isinstance(value, list) or len(value) > MOST_LINES:
            self._wrong[name] = f"Give a list of at most {MOST_LINES} lines."
            return
        currency = self._order.get("total_currency")
        default = currency.strip().upper() if isinstance(currency, str) else self._currency
        lines = [self._line(f"{name}.{index}", line, default) for index, line in enumerate(value)]
        self._form.lines = [line for line in lines if line is not None]
        unknown = [
            {key: each for key, each in line.items() if key not in LINE_FIELDS | LINE_ONLY_IN_ANSWERS}
            for line in value
            if isinstance(line, dict)
        ]
        if any(unknown):
            self._form.unknown["line_items"] = unknown

    def _line(self, path: str, line: object, currency: str) -> LineForm | None:
        if not isinstance(line, dict):
            self._wrong[path] = "A line must be an object with a name and prices."
            return None
        faults = len(self._wrong)
        name = line.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 500:
            self._wrong[f"{path}.name"] = "Name the item in at most 500 characters."
        quantity = _decimal(line.get("quantity", 1))
        if quantity is None:
            self._wrong[f"{path}.quantity"] = f"Give a number from 0 to {LARGEST_QUANTITY:,}."
        each, price = (
            self._cents(f"{path}.{key}", line[key]) if line.get(key) is not None else None
            for key in ("each_price_cents", "price_cents")
        )
        currencies = [
            self._currency_code(f"{path}.{key}", line[key]) if line.get(key) is not None else currency
            for key in ("each_price_currency", "price_currency")
        ]
        if len(self._wrong) > faults or not isinstance(name, str) or quantity is None:
            return None
        each, price = _prices(each, price, quantity)
        return LineForm(name.strip(), quantity, each, currencies[0] or currency, price, currencies[1] or currency)

    def _consent(self, name: str, value: object) -> None:
        if not isinstance(value, dict):
            self._wrong[name] = 'Give the evidence, for example {"state": "subscribed", "collected_at": …}.'
            return
        state = value.get("state")
        state = state.strip().lower() if isinstance(state, str) else ""
        faults = len(self._wrong)
        if state not in STATES:
            self._wrong[f"{name}.state"] = "Give one of: " + ", ".join(STATES) + "."
        source = self._evidence_text(f"{name}.source", value.get("source"), 100)
        wording = self._evidence_text(f"{name}.wording", value.get("wording"), 2000)
        collected = value.get("collected_at")
        moment = self._moment(f"{name}.collected_at", collected) if collected is not None else None
        if moment is not None and moment > self._now + timedelta(minutes=5):
            self._wrong[f"{name}.collected_at"] = "Consent cannot have been collected in the future."
        if state == SUBSCRIBED:
            missing = {"collected_at": collected is None, "source": source is None, "wording": wording is None}
            for part, absent in missing.items():
                if absent:
                    self._wrong.setdefault(f"{name}.{part}", EVIDENCE_NEEDED[part])
        if len(self._wrong) == faults:
            self._form.consent = Evidence(state, moment, source, wording)

    def _evidence_text(self, name: str, value: object, longest: int) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > longest:
            self._wrong[name] = f"This must be text of at most {longest} characters."
            return None
        return value.strip() or None

    def _bound_metadata(self) -> None:
        kept = {"unknown": self._form.unknown, "metadata": self._form.values.get("metadata")}
        if len(msgspec.json.encode(kept)) > LARGEST_METADATA:
            self._wrong["metadata"] = f"Metadata and unknown fields may take {LARGEST_METADATA // 1024} KiB in all."


EVIDENCE_NEEDED: Final = {
    "collected_at": "Say when the customer agreed.",
    "source": 'Say where the customer agreed, for example "checkout".',
    "wording": "Give the words that the customer agreed to.",
}
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def is_link(text: str) -> bool:
    """Whether *text* is a web address that may stand in a text."""
    if len(text) > LONGEST_LINK or any(char.isspace() or not char.isprintable() for char in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def whole(value: object) -> int | None:
    """An integer, also one written as 3500.0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 20:
        return None
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite() or not 0 <= number <= LARGEST_QUANTITY:
        return None
    return number.quantize(Decimal("0.001"), ROUND_HALF_UP)


def _prices(each: int | None, price: int | None, quantity: Decimal) -> tuple[int, int]:
    """Each is kept as given; one that is missing follows from the other."""
    if price is None:
        price = int((each or 0) * quantity)
    if each is None:
        each = int((price / quantity).quantize(Decimal(1), ROUND_HALF_UP)) if quantity else price
    return each, price
