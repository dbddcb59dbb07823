"""The fresh truth about an order, read in one query immediately before sending.

Source: Shopify Admin API, `order`. Consent is not in webhook payloads since 2025, and a status link is a short-lived
capability made for the reader of a text, so both are asked for here and nowhere earlier.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.client import gid, operation, plain_id
from app.shops.admin_api import run_operation
from app.shops.models import Shop


@dataclass(frozen=True)
class Tracking:
    company: str | None
    number: str | None
    url: str | None


@dataclass(frozen=True)
class Parcel:
    fulfillment_id: str
    name: str
    status: str
    tracking: tuple[Tracking, ...]
    progress: str = ""
    """What the carrier says last, in Shopify's word (`displayStatus`): OUT_FOR_DELIVERY, DELIVERED, …"""


@dataclass(frozen=True)
class Refund:
    """*amount* as a customer reads it; empty when no money went back."""

    refund_id: str
    amount: str


@dataclass(frozen=True)
class OrderFacts:
    """*consent* is Shopify's word ("SUBSCRIBED", …) for the customer's own number, None when there is no customer."""

    order_id: str
    name: str
    number: str
    cancelled: bool
    test: bool
    status_url: str = field(repr=False)
    locale: str
    customer_id: str | None
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    addressee: str = field(repr=False)
    phone: str | None = field(repr=False)
    consent: str | None
    consent_updated_at: str | None
    country: str | None
    province: str | None
    zip: str | None
    total: str
    item_count: int
    fulfilled: bool
    parcels: tuple[Parcel, ...]
    read_at: datetime
    created_at: datetime | None = None
    consent_source: str = "Shopify"
    order_phone: str | None = field(default=None, repr=False)
    """Given with the order; consent need not cover it."""
    paid: bool = False
    payment: str = ""
    """Shopify's word (`displayFinancialStatus`): PAID, PENDING, REFUNDED, …"""
    refunds: tuple[Refund, ...] = ()

    def parcel(self, fulfillment_id: str | None) -> Parcel | None:
        return next((each for each in self.parcels if each.fulfillment_id == fulfillment_id), None)

    def refund(self, refund_id: str) -> Refund | None:
        return next((each for each in self.refunds if each.refund_id == refund_id), None)


async def read_order_facts(deps: Deps, shop_id: int, order_id: str, *, shop: Shop | None = None) -> OrderFacts | None:
    """None when Shopify knows no such order. *shop*: its row, where it has just been read. Raises `ShopifyError`s."""
    query = operation(__package__ or "app.messages", "order_by_id")
    answer = await run_operation(deps, shop_id, query, {"id": gid("Order", order_id)}, shop=shop)
    order = answer["order"]
    if not isinstance(order, dict):
        # Without errors it does not exist; with them nothing is known.
        answer.whole("order")
        return None
    facts = parse_order(order, read_at=deps.clock())
    if facts.customer_id is None or facts.phone is None:
        # What is missing because of an error must not be taken for a customer without a phone.
        answer.whole("order")
    return facts


def parse_order(order: dict[str, Any], *, read_at: datetime) -> OrderFacts:
    """Any field may be missing: Shopify blanks what the app was not approved to see."""
    customer = order.get("customer") or {}
    shipping = order.get("shippingAddress") or {}
    billing = order.get("billingAddress") or {}
    own_number = customer.get("defaultPhoneNumber") or {}
    consent = own_number.get("smsMarketingConsent") or {}
    country = shipping.get("countryCodeV2") or billing.get("countryCodeV2")
    money = (order.get("currentTotalPriceSet") or {}).get("shopMoney") or {}
    return OrderFacts(
        order_id=plain_id(order.get("id")) or "",
        name=order.get("name") or "",
        number=str(order.get("number") or ""),
        cancelled=bool(order.get("cancelledAt")),
        test=bool(order.get("test")),
        status_url=order.get("statusPageUrl") or "",
        locale=order.get("customerLocale") or customer.get("locale") or "en",
        customer_id=plain_id(customer.get("id")),
        first_name=(customer.get("firstName") or shipping.get("firstName") or billing.get("firstName") or "").strip(),
        last_name=(customer.get("lastName") or shipping.get("lastName") or billing.get("lastName") or "").strip(),
        addressee=(shipping.get("name") or billing.get("name") or "").strip(),
        phone=to_e164(own_number.get("phoneNumber"), country),
        consent=consent.get("state") if customer else None,
        consent_updated_at=consent.get("updatedAt"),
        country=country,
        province=shipping.get("provinceCode"),
        zip=shipping.get("zip"),
        total=_money(money),
        item_count=int(order.get("subtotalLineItemsQuantity") or 0),
        fulfilled=order.get("displayFulfillmentStatus") == "FULFILLED",
        parcels=tuple(_parcel(each) for each in order.get("fulfillments") or [] if isinstance(each, dict)),
        read_at=read_at,
        created_at=_moment(order.get("createdAt")),
        order_phone=to_e164(order.get("phone") or shipping.get("phone"), country),
        payment=order.get("displayFinancialStatus") or "",
        refunds=tuple(_refund(each) for each in order.get("refunds") or [] if isinstance(each, dict)),
        paid=order.get("displayFinancialStatus") == "PAID",
    )


def _parcel(fulfillment: dict[str, Any]) -> Parcel:
    tracking = [each for each in fulfillment.get("trackingInfo") or [] if isinstance(each, dict)]
    return Parcel(
        fulfillment_id=plain_id(fulfillment.get("id")) or "",
        name=fulfillment.get("name") or "",
        status=fulfillment.get("status") or "",
        tracking=tuple(Tracking(each.get("company"), each.get("number"), each.get("url")) for each in tracking),
        progress=fulfillment.get("displayStatus") or "",
    )


def _refund(refund: dict[str, Any]) -> Refund:
    money = (refund.get("totalRefundedSet") or {}).get("shopMoney") or {}
    return Refund(plain_id(refund.get("id")) or "", _money(money) if _is_something(money) else "")


def _is_something(money: dict[str, Any]) -> bool:
    try:
        return float(money.get("amount") or 0) > 0
    except ValueError:
        return False


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _money(money: dict[str, Any]) -> str:
    amount, currency = money.get("amount"), money.get("currencyCode")
    if amount is None:
        return ""
    try:
        shown = f"{float(amount):,.2f}"
    except ValueError:
        return ""
    return f"${shown}" if currency == "USD" else f"{shown} {currency or ''}".strip()
