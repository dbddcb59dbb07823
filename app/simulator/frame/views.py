"""What the demo panel shows of the two simulators, as plain JSON. Ids are text: they are too large for a browser."""

from typing import Any

from app.simulator.frame.conditions import Conditions
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.ringcentral.control import numbers_for
from app.simulator.shopify import Customer, Delivery, Order, Shop, ShopifySimulator

ROWS_SHOWN = 40

View = dict[str, Any]


def panel_view(
    shopify: ShopifySimulator, ringcentral: RingCentralSimulator, shop: Shop, conditions: Conditions, phone: str | None
) -> View:
    """Everything the panel shows; *phone* is the handset being looked at."""
    customers = sorted(shop.customers.values(), key=lambda customer: customer.id)
    orders = sorted(shop.orders.values(), key=lambda order: order.id, reverse=True)
    deliveries = [delivery for delivery in shopify.deliveries if delivery.domain == shop.domain]
    return {
        "installed": shop.installed,
        "customers": [_customer(customer) for customer in customers],
        "orders": [_order(order, shop) for order in orders[:ROWS_SHOWN]],
        "deliveries": [_delivery(delivery) for delivery in reversed(deliveries[-ROWS_SHOWN:])],
        "texts": ringcentral.texts_of(phone) if phone else [],
        "senders": numbers_for(ringcentral, phone or ""),
        "conditions": conditions,
        "look": conditions.look,
        "delay": conditions.delay,
    }


def _customer(customer: Customer) -> View:
    return {
        "id": str(customer.id),
        "name": _name(customer),
        "phone": customer.phone,
        "consent": customer.consent,
        "consent_updated_at": customer.consent_updated_at,
    }


def _name(customer: Customer) -> str:
    full = " ".join(part for part in (customer.first_name, customer.last_name) if part)
    return full or customer.email or "Customer"


def _order(order: Order, shop: Shop) -> View:
    customer = shop.customers.get(order.customer_id) if order.customer_id else None
    return {
        "id": str(order.id),
        "name": order.name,
        "customer": _name(customer) if customer else order.email or "Guest",
        "phone": (customer.phone if customer else None) or order.phone,
        "total": f"{order.total_cents / 100:,.2f} {order.currency}",
        "status": _status(order),
        "payment": order.financial_status,
        "parcel": _parcel(order),
        "at": order.created_at,
        "items": ", ".join(f"{item.quantity} × {item.title}" for item in order.line_items),
    }


def _parcel(order: Order) -> View | None:
    """The parcel that left last, and what the carrier has said of it."""
    if not order.fulfillments:
        return None
    last = order.fulfillments[-1]
    return {"tracking": last.tracking_number, "progress": last.shipment_status}


def _status(order: Order) -> str:
    return "cancelled" if order.cancelled_at else order.fulfillment_status or "unfulfilled"


def _delivery(delivery: Delivery) -> View:
    return {
        "id": delivery.webhook_id,
        "topic": delivery.topic,
        "outcome": delivery.outcome,
        "answers": list(delivery.answers),
        "attempts": delivery.attempts,
        "at": delivery.triggered_at,
    }
