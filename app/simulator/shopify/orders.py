"""What happens to an order in a shop: placed, paid, fulfilled whole or in parts, tracked, delivered, cancelled,
refunded; and its topics.

Source: Shopify, "Webhooks reference". `orders/fulfilled` comes only when the whole order is fulfilled; a part of it
brings `orders/partially_fulfilled`. Every change also brings `orders/updated`.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.simulator.shopify.payloads import (
    Payload,
    fulfillment_event_payload,
    fulfillment_payload,
    order_payload,
    refund_payload,
)
from app.simulator.shopify.state import Address, Customer, Fulfillment, LineItem, Order, Refund, Shop

Topics = dict[str, Payload]
NewId = Callable[[], int]

DEFAULT_ITEMS: tuple[Mapping[str, Any], ...] = (
    {"title": "Enamel mug", "price": "24.00", "sku": "MUG-1"},
    {"title": "Coffee beans, 250 g", "price": "14.50", "sku": "BEANS-250"},
)
CARRIER_PAGES = {
    "UPS": "https://www.ups.com/track?tracknum={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "DHL Express": "https://www.dhl.com/en/express/tracking.html?AWB={}",
}
FIXED = {"id", "number", "line_items", "fulfillments", "refunds", "customer_id"}
EVENTS = (
    "label_purchased",
    "label_printed",
    "confirmed",
    "carrier_picked_up",
    "in_transit",
    "delayed",
    "out_for_delivery",
    "attempted_delivery",
    "ready_for_pickup",
    "delivered",
    "failure",
)
"""What a carrier reports of a parcel (`FulfillmentEventStatus`), in a payload's lower case."""
SETTABLE = frozenset(field.name for field in msgspec.structs.fields(Order)) - FIXED


class CannotFulfil(ValueError):
    """There is nothing left to send, or not enough of it to send a part."""


class CannotRefund(ValueError):
    """The order was never paid, or its money has gone back already."""


def new_order(
    shop: Shop,
    customer: Customer | None,
    now: datetime,
    new_id: NewId,
    *,
    phone: str | None,
    shipping: Address | None,
    items: Sequence[Mapping[str, Any]] | None,
    test: bool,
    fields: Mapping[str, Any],
) -> Order:
    """A paid web order; *fields* replaces any other attribute of `Order`. An unknown one is a TypeError."""
    unknown = set(fields) - SETTABLE
    if unknown:
        raise TypeError(f"An order has no settable {', '.join(sorted(unknown))}.")
    number = len(shop.orders) + 1
    order = Order(
        id=new_id(),
        number=number,
        name=f"#{number + 1000}",
        token=secrets.token_hex(16),
        confirmation_number=secrets.token_hex(5).upper()[:9],
        created_at=now,
        updated_at=now,
        currency=shop.currency,
        line_items=[_line_item(item, new_id) for item in items or DEFAULT_ITEMS],
        customer_id=customer.id if customer is not None else None,
        email=customer.email if customer is not None else None,
        phone=phone,
        customer_locale=customer.locale if customer is not None else "en",
        shipping_address=shipping,
        billing_address=shipping,
        test=test,
    )
    order = msgspec.structs.replace(order, **fields)
    shop.orders[order.id] = order
    return order


def address_of(customer: Customer | None, phone: str | None) -> Address:
    """Where an order goes when no address was given."""
    if customer is not None and customer.default_address is not None:
        return customer.default_address
    return Address(
        first_name=customer.first_name if customer is not None else "Guest",
        last_name=customer.last_name if customer is not None else "Buyer",
        address1="350 Fifth Avenue",
        city="New York",
        province="New York",
        province_code="NY",
        country="United States",
        country_code="US",
        zip="10118",
        phone=phone or (customer.phone if customer is not None else None),
    )


def _line_item(given: Mapping[str, Any], new_id: NewId) -> LineItem:
    unknown = set(given) - {"title", "quantity", "price", "sku"}
    if unknown:
        raise TypeError(f"A line item has no {', '.join(sorted(unknown))}.")
    return LineItem(
        id=new_id(),
        title=str(given["title"]),
        quantity=int(given.get("quantity", 1)),
        price_cents=int(Decimal(str(given.get("price", "24.00"))) * 100),
        sku=given.get("sku"),
    )


def placed(shop: Shop, order: Order) -> Topics:
    body = order_payload(shop, order)
    paid = {"orders/paid": body} if order.financial_status == "paid" else {}
    return {"orders/create": body, **paid, "orders/updated": body}


def pay(shop: Shop, order: Order, now: datetime) -> Topics:
    """The money of an order that was placed unpaid has come in."""
    order.financial_status, order.updated_at = "paid", now
    body = order_payload(shop, order)
    return {"orders/paid": body, "orders/updated": body}


def fulfil(
    shop: Shop,
    order: Order,
    now: datetime,
    new_id: NewId,
    *,
    tracking_company: str | None,
    tracking_number: str | None,
    tracking_url: str | None,
    partial: bool,
) -> Topics:
    """Puts all that is left into one parcel, or with *partial* one piece of it."""
    left = {item.id: item.quantity - item.fulfilled for item in order.line_items if item.quantity > item.fulfilled}
    if not left or order.cancelled_at is not None:
        raise CannotFulfil("There is nothing left to fulfill in this order.")
    if partial and sum(left.values()) == 1:
        raise CannotFulfil("One piece is left, so it cannot be fulfilled in part.")
    quantities = {next(iter(left)): 1} if partial else left
    parcel = Fulfillment(
        id=new_id(),
        name=f"{order.name}.{len(order.fulfillments) + 1}",
        created_at=now,
        updated_at=now,
        quantities=quantities,
        tracking_company=tracking_company,
        tracking_number=tracking_number,
        tracking_url=tracking_url or tracking_page(tracking_company, tracking_number),
    )
    order.fulfillments.append(parcel)
    for item in order.line_items:
        item.fulfilled += quantities.get(item.id, 0)
    order.updated_at = now
    if order.fulfillment_status == "fulfilled":
        order.closed_at = now
    topic = "orders/fulfilled" if order.fulfillment_status == "fulfilled" else "orders/partially_fulfilled"
    body = order_payload(shop, order)
    return {"fulfillments/create": fulfillment_payload(shop, order, parcel), topic: body, "orders/updated": body}


def tracking_page(company: str | None, number: str | None) -> str | None:
    """The carrier's page, which Shopify fills in for the carriers it knows."""
    return CARRIER_PAGES[company].format(number) if company in CARRIER_PAGES and number else None


def change_tracking(
    shop: Shop,
    order: Order,
    parcel: Fulfillment,
    now: datetime,
    *,
    company: str | None,
    number: str | None,
    url: str | None,
) -> Topics:
    parcel.tracking_company, parcel.tracking_number = company, number
    parcel.tracking_url = url or tracking_page(company, number)
    parcel.updated_at = order.updated_at = now
    return {
        "fulfillments/update": fulfillment_payload(shop, order, parcel),
        "orders/updated": order_payload(shop, order),
    }


def cancel(shop: Shop, order: Order, now: datetime, reason: str) -> Topics:
    order.cancelled_at = order.closed_at = order.updated_at = now
    order.cancel_reason = reason
    body = order_payload(shop, order)
    return {"orders/cancelled": body, "orders/updated": body}


def report(shop: Shop, order: Order, parcel: Fulfillment, now: datetime, event_id: int, status: str) -> Topics:
    """The carrier reports of a parcel. Raises ValueError for a word that Shopify does not know."""
    if status not in EVENTS:
        raise ValueError(f"A parcel is never {status}.")
    parcel.shipment_status, parcel.updated_at, order.updated_at = status, now, now
    parcel.delivered_at = now if status == "delivered" else parcel.delivered_at
    return {
        "fulfillment_events/create": fulfillment_event_payload(shop, order, parcel, event_id, status, now),
        "fulfillments/update": fulfillment_payload(shop, order, parcel),
        "orders/updated": order_payload(shop, order),
    }


def refund(shop: Shop, order: Order, now: datetime, new_id: NewId, cents: int | None) -> Topics:
    """Gives back *cents*, or all that is left. Zero takes items back and moves no money."""
    left = order.total_cents - order.refunded_cents
    if order.financial_status not in ("paid", "partially_refunded") or left <= 0:
        raise CannotRefund("There is no money left to give back for this order.")
    back = left if cents is None else cents
    if not 0 <= back <= left:
        raise CannotRefund("That is more than what was paid.")
    made = Refund(id=new_id(), created_at=now, cents=back, transaction_id=new_id())
    order.refunds.append(made)
    if back:
        order.financial_status = "refunded" if back == left else "partially_refunded"
    order.updated_at = now
    return {"refunds/create": refund_payload(shop, order, made), "orders/updated": order_payload(shop, order)}
