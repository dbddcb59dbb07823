"""What the simulated Shopify remembers, as one JSON file: shops, customers, orders, tokens, webhooks.

Ids are larger than 2^53, as many of Shopify's are, so that whoever passes one through a float or a JavaScript number
is found out. Money is in cents. Consent is spelt as Admin API 2026-10 reads it (`NEVER_SUBSCRIBED`).
"""

import os
import secrets
from datetime import datetime
from pathlib import Path

import msgspec

FIRST_ID = 9_100_000_000_000_000_000
DELIVERIES_KEPT = 500


class Address(msgspec.Struct, kw_only=True):
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    country: str | None = None
    country_code: str | None = None
    zip: str | None = None
    phone: str | None = None

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class Customer(msgspec.Struct, kw_only=True):
    id: int
    created_at: datetime
    updated_at: datetime
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str = "en"
    tags: list[str] = []
    default_address: Address | None = None
    consent: str = "NEVER_SUBSCRIBED"
    opt_in_level: str | None = None
    consent_updated_at: datetime | None = None
    consent_collected_from: str | None = None

    @property
    def gid(self) -> str:
        return f"gid://shopify/Customer/{self.id}"


class LineItem(msgspec.Struct, kw_only=True):
    id: int
    title: str
    quantity: int = 1
    price_cents: int = 2400
    sku: str | None = None
    fulfilled: int = 0


class Fulfillment(msgspec.Struct, kw_only=True):
    """*quantities* maps the id of a line item to how many of it are in this parcel."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    quantities: dict[int, int]
    status: str = "success"
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    shipment_status: str | None = None
    delivered_at: datetime | None = None

    @property
    def gid(self) -> str:
        return f"gid://shopify/Fulfillment/{self.id}"


class Refund(msgspec.Struct, kw_only=True):
    """*cents* is the money that went back; none for a refund that only takes items back."""

    id: int
    created_at: datetime
    cents: int
    transaction_id: int

    @property
    def gid(self) -> str:
        return f"gid://shopify/Refund/{self.id}"


class Order(msgspec.Struct, kw_only=True):
    """*number* counts the shop's orders from 1; *order_number* is what stands in *name* (`#1001`)."""

    id: int
    number: int
    name: str
    token: str
    created_at: datetime
    updated_at: datetime
    currency: str
    line_items: list[LineItem]
    customer_id: int | None = None
    email: str | None = None
    phone: str | None = None
    customer_locale: str | None = None
    confirmation_number: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    fulfillments: list[Fulfillment] = []
    refunds: list[Refund] = []
    test: bool = False
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    financial_status: str = "paid"
    tags: list[str] = []
    discount_codes: list[str] = []
    discount_cents: int = 0
    shipping_cents: int = 500
    tax_cents: int = 0
    note: str | None = None
    note_attributes: dict[str, str] = {}
    source_name: str = "web"
    landing_site: str | None = None
    referring_site: str | None = None

    @property
    def gid(self) -> str:
        return f"gid://shopify/Order/{self.id}"

    @property
    def order_number(self) -> int:
        return self.number + 1000

    @property
    def subtotal_cents(self) -> int:
        return sum(item.price_cents * item.quantity for item in self.line_items) - self.discount_cents

    @property
    def total_cents(self) -> int:
        return self.subtotal_cents + self.shipping_cents + self.tax_cents

    @property
    def refunded_cents(self) -> int:
        return sum(refund.cents for refund in self.refunds)

    @property
    def fulfillment_status(self) -> str | None:
        """As webhooks spell it: None, `partial` or `fulfilled`."""
        if not any(item.fulfilled for item in self.line_items):
            return None
        return "fulfilled" if all(item.fulfilled >= item.quantity for item in self.line_items) else "partial"


class Subscription(msgspec.Struct, kw_only=True):
    """A webhook subscription made through the Admin API. *failures* counts failed attempts in a row."""

    id: int
    topic: str
    uri: str
    api_version: str
    created_at: datetime
    updated_at: datetime
    filter: str | None = None
    include_fields: list[str] = []
    metafield_namespaces: list[str] = []
    name: str | None = None
    failures: int = 0

    @property
    def gid(self) -> str:
        return f"gid://shopify/WebhookSubscription/{self.id}"


class BulkOperation(msgspec.Struct, kw_only=True):
    """*objects* and *roots* are counted as it runs. *file* is the secret name of its rows, None without any."""

    id: int
    created_at: datetime
    query: str
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    objects: int = 0
    roots: int = 0
    size: int = 0
    file: str | None = None

    @property
    def gid(self) -> str:
        return f"gid://shopify/BulkOperation/{self.id}"


class OfflineToken(msgspec.Struct, kw_only=True):
    """An access token with its refresh token. *refreshed_at* is when the refresh token was used first, *replaced_by*
    the refresh token that was given for it, *secret_print* tells which client secret it was asked for with."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    scope: str
    secret_print: str
    refresh_is_dead: bool = False
    refreshed_at: datetime | None = None
    replaced_by: str | None = None


class AuthorizationCode(msgspec.Struct, kw_only=True):
    code: str
    expires_at: datetime


class Shop(msgspec.Struct, kw_only=True):
    id: int
    domain: str
    name: str
    email: str
    phone: str
    timezone: str
    plan: str
    currency: str
    created_at: datetime
    country_code: str = "US"
    owner: str = "Sam Merchant"
    installed: bool = False
    installed_at: datetime | None = None
    scopes: list[str] = []
    customers: dict[int, Customer] = {}
    orders: dict[int, Order] = {}
    subscriptions: dict[int, Subscription] = {}
    bulk_operations: dict[int, BulkOperation] = {}
    tokens: list[OfflineToken] = []
    codes: list[AuthorizationCode] = []

    @property
    def gid(self) -> str:
        return f"gid://shopify/Shop/{self.id}"

    @property
    def handle(self) -> str:
        return self.domain.removesuffix(".myshopify.com")

    @property
    def granted(self) -> set[str]:
        """Every scope held, those included that a write scope implies."""
        implied = {scope.replace("write_", "read_", 1) for scope in self.scopes if scope.startswith("write_")}
        return set(self.scopes) | implied


class Delivery(msgspec.Struct, kw_only=True):
    """One webhook and what became of it. *answers* holds the status of each attempt, or the name of the failure."""

    webhook_id: str
    event_id: str
    topic: str
    domain: str
    uri: str
    body: bytes
    api_version: str
    triggered_at: datetime
    subscription_id: int | None = None
    name: str | None = None
    outcome: str = "pending"  # pending, delivered, failed (to be retried), abandoned, lost
    answers: list[int | str] = []
    next_attempt_at: datetime | None = None

    @property
    def attempts(self) -> int:
        return len(self.answers)

    @property
    def status(self) -> int | None:
        """The HTTP status of the last attempt; None when there was no answer."""
        return self.answers[-1] if self.answers and isinstance(self.answers[-1], int) else None


class State(msgspec.Struct, kw_only=True):
    last_id: int = FIRST_ID
    shops: dict[str, Shop] = {}
    deliveries: list[Delivery] = []


class Store:
    """Holds the state; `save` writes it to *path* whole and atomically, or does nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        exists = path is not None and path.exists()
        self.state = msgspec.json.decode(path.read_bytes(), type=State) if path and exists else State()

    def new_id(self) -> int:
        # The step keeps neighbouring ids apart, so that one cut to a float's precision names nothing or another thing.
        self.state.last_id += 17
        return self.state.last_id

    def save(self) -> None:
        del self.state.deliveries[:-DELIVERIES_KEPT]
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        beside.write_bytes(msgspec.json.encode(self.state))
        os.replace(beside, self._path)  # noqa: PTH105 - atomic, and named for it
