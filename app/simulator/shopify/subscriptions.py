"""Webhook subscriptions made through the Admin API: what one may be, and how Shopify words its refusals.

Source: Shopify, "webhookSubscriptionCreate", "WebhookSubscriptionInput"; the texts are those of recorded answers, which
name `callbackUrl` even when `uri` was sent. One exception of ours: http is allowed to this machine's loopback.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from app.simulator.shopify.call import AdminCall
from app.simulator.shopify.search import is_filter
from app.simulator.shopify.state import Subscription
from app.simulator.shopify.views import View

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHOPIFY_HOSTS = re.compile(r"(^|\.)(myshopify\.com|shopify\.com|shopifycloud\.com|internal|local)$")
NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")
ADDRESS_FIELD = ["webhookSubscription", "callbackUrl"]
GROUPS = ("BULK_OPERATIONS", "CUSTOMERS_MARKETING_CONSENT", "FULFILLMENT_EVENTS")
SCOPE_OF_GROUP = {
    "orders": "read_orders",
    "refunds": "read_orders",
    "fulfillments": "read_fulfillments",
    "fulfillment_events": "read_fulfillments",
    "customers": "read_customers",
    "customers_marketing_consent": "read_customers",
}


def topic_name(topic: str) -> str:
    """`ORDERS_PARTIALLY_FULFILLED` is `orders/partially_fulfilled` in headers and toml."""
    group = next((group for group in GROUPS if topic.startswith(f"{group}_")), topic.partition("_")[0])
    return f"{group}/{topic.removeprefix(f'{group}_')}".lower()


def create(call: AdminCall, topic: str, given: dict[str, Any]) -> View:
    name = topic_name(topic)
    scope = SCOPE_OF_GROUP.get(name.partition("/")[0])
    if scope is not None and scope not in call.shop.granted:
        message = f"Invalid topic specified: {name}. Does it exist? Is there a missing access scope?"
        return _refused(["topic"], message)
    subscription = Subscription(
        id=call.new_id(),
        topic=name,
        uri="",
        api_version=call.api_version,
        created_at=call.now,
        updated_at=call.now,
    )
    return _apply(call, subscription, given)


def update(call: AdminCall, subscription_id: int, given: dict[str, Any]) -> View:
    subscription = call.shop.subscriptions.get(subscription_id)
    if subscription is None:
        return _refused(["id"], "Webhook subscription does not exist")
    return _apply(call, subscription, given)


def delete(call: AdminCall, subscription_id: int) -> View:
    subscription = call.shop.subscriptions.pop(subscription_id, None)
    if subscription is None:
        errors = [{"field": ["id"], "message": "Webhook subscription does not exist"}]
        return {"deletedWebhookSubscriptionId": None, "userErrors": errors}
    return {"deletedWebhookSubscriptionId": subscription.gid, "userErrors": []}


def subscription_view(subscription: Subscription) -> View:
    version = subscription.api_version
    return {
        "__typename": "WebhookSubscription",
        "id": subscription.gid,
        "legacyResourceId": subscription.id,
        "apiVersion": {"handle": version, "displayName": version, "supported": True},
        "createdAt": subscription.created_at,
        "filter": subscription.filter,
        "format": "JSON",
        "includeFields": subscription.include_fields,
        "metafieldNamespaces": subscription.metafield_namespaces,
        "name": subscription.name,
        "topic": subscription.topic.replace("/", "_").upper(),
        "updatedAt": subscription.updated_at,
        "uri": subscription.uri,
    }


def _apply(call: AdminCall, subscription: Subscription, given: dict[str, Any]) -> View:
    """Changes *subscription* to what was *given* and keeps it, or refuses and leaves everything as it was."""
    uri = given.get("uri") or given.get("callbackUrl") or subscription.uri
    wanted_filter, name = given.get("filter", subscription.filter), given.get("name", subscription.name)
    others = [other for other in call.shop.subscriptions.values() if other.id != subscription.id]
    refusal = (
        _address_refusal(uri)
        or _filter_refusal(wanted_filter)
        or _name_refusal(name, others)
        or _duplicate_refusal((subscription.topic, uri, wanted_filter), others)
    )
    if refusal is not None:
        return _refused(*refusal)
    subscription.uri, subscription.filter, subscription.name = uri, wanted_filter, name
    subscription.include_fields = given.get("includeFields") or subscription.include_fields
    subscription.metafield_namespaces = given.get("metafieldNamespaces") or subscription.metafield_namespaces
    subscription.updated_at = call.now
    call.shop.subscriptions[subscription.id] = subscription
    return {"webhookSubscription": subscription_view(subscription), "userErrors": []}


Refusal = tuple[list[str], str]


def _address_refusal(uri: str) -> Refusal | None:
    if not uri:
        return ADDRESS_FIELD, "Address can't be blank"
    if uri.startswith(("pubsub://", "arn:")):
        return None
    parts = urlsplit(uri)
    host = (parts.hostname or "").lower()
    if not host or parts.scheme not in ("http", "https"):
        return ADDRESS_FIELD, "Address is invalid"
    if host in LOOPBACK:
        return None
    if parts.scheme == "http":
        return ADDRESS_FIELD, "Address protocol http:// is not supported"
    if SHOPIFY_HOSTS.search(host):
        return ADDRESS_FIELD, "Address cannot be a Shopify or an internal domain"
    return None


def _filter_refusal(text: str | None) -> Refusal | None:
    if not text or is_filter(text):
        return None
    message = "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on."
    return ["webhookSubscription"], message


def _name_refusal(name: str | None, others: list[Subscription]) -> Refusal | None:
    if name is None:
        return None
    if not NAME.fullmatch(name):
        return ["webhookSubscription", "name"], "Name is invalid"
    if name.lower() in {(other.name or "").lower() for other in others}:
        return ["webhookSubscription", "name"], "Name already exists, no duplicate allowed"
    return None


def _duplicate_refusal(wanted: tuple[str, str, str | None], others: list[Subscription]) -> Refusal | None:
    if wanted in {(other.topic, other.uri, other.filter) for other in others}:
        return ADDRESS_FIELD, "Address for this topic has already been taken"
    return None


def _refused(path: list[str], message: str) -> View:
    return {"webhookSubscription": None, "userErrors": [{"field": path, "message": message}]}
