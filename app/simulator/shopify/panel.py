"""The shops as the browser panel is shown them."""

from collections.abc import Sequence
from typing import Any

from app.simulator.shopify.payloads import money
from app.simulator.shopify.state import Customer, Delivery, Order, Shop, Subscription

DELIVERIES_SHOWN = 50

Row = dict[str, Any]


def panel_view(shop: Shop, deliveries: Sequence[Delivery]) -> Row:
    """Newest first."""
    theirs = [delivery for delivery in deliveries if delivery.domain == shop.domain]
    return {
        "shop": shop_row(shop),
        "customers": [customer_row(customer) for customer in reversed(shop.customers.values())],
        "orders": [order_row(order) for order in reversed(shop.orders.values())],
        "subscriptions": [subscription_row(subscription) for subscription in shop.subscriptions.values()],
        "deliveries": [delivery_row(delivery) for delivery in reversed(theirs[-DELIVERIES_SHOWN:])],
    }


def shop_row(shop: Shop) -> Row:
    return {
        "id": str(shop.id),
        "domain": shop.domain,
        "handle": shop.handle,
        "name": shop.name,
        "installed": shop.installed,
        "scopes": shop.scopes,
    }


def customer_row(customer: Customer) -> Row:
    at = customer.consent_updated_at
    return {
        "id": str(customer.id),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": customer.phone,
        "email": customer.email,
        "locale": customer.locale,
        "consent": customer.consent,
        "opt_in_level": customer.opt_in_level,
        "consent_updated_at": at.isoformat() if at is not None else None,
    }


def order_row(order: Order) -> Row:
    return {
        "id": str(order.id),
        "name": order.name,
        "customer_id": str(order.customer_id) if order.customer_id is not None else None,
        "phone": order.phone,
        "created_at": order.created_at.isoformat(),
        "total": money(order.total_cents),
        "currency": order.currency,
        "test": order.test,
        "fulfillment_status": order.fulfillment_status,
        "cancelled_at": order.cancelled_at.isoformat() if order.cancelled_at is not None else None,
        "line_items": [{"title": item.title, "quantity": item.quantity} for item in order.line_items],
        "fulfillments": [
            {
                "id": str(parcel.id),
                "tracking_company": parcel.tracking_company,
                "tracking_number": parcel.tracking_number,
                "tracking_url": parcel.tracking_url,
            }
            for parcel in order.fulfillments
        ],
    }


def subscription_row(subscription: Subscription) -> Row:
    return {
        "id": str(subscription.id),
        "topic": subscription.topic,
        "uri": subscription.uri,
        "filter": subscription.filter,
        "failures": subscription.failures,
    }


def delivery_row(delivery: Delivery) -> Row:
    return {
        "webhook_id": delivery.webhook_id,
        "topic": delivery.topic,
        "uri": delivery.uri,
        "outcome": delivery.outcome,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "answers": delivery.answers,
        "triggered_at": delivery.triggered_at.isoformat(),
    }
