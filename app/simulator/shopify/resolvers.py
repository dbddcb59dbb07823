"""The operations that the simulated Admin API answers, each with the scope that it needs.

Source: Shopify, "GraphQL Admin API reference", 2026-10, and "Access scopes". A missing scope empties its field and adds
an `ACCESS_DENIED` error beside the other data. Without `read_all_orders` only the last 60 days of orders exist.
"""

# ruff: noqa: A002, N802 - fields and arguments bear Shopify's names

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from graphql import GraphQLError, GraphQLResolveInfo

from app.simulator.shopify import consent, subscriptions
from app.simulator.shopify.call import AdminCall
from app.simulator.shopify.connections import connect
from app.simulator.shopify.search import BadSearch, matches_search
from app.simulator.shopify.state import BulkOperation, Customer, Order, Subscription
from app.simulator.shopify.views import View, customer_view, fulfillment_view, order_view, shop_view

R = TypeVar("R")
Info = GraphQLResolveInfo[Any]

ORDER_WINDOW = timedelta(days=60)
ORDER_SORT: dict[str, Callable[[Order], datetime | int]] = {
    "CREATED_AT": lambda order: order.created_at,
    "PROCESSED_AT": lambda order: order.created_at,
    "UPDATED_AT": lambda order: order.updated_at,
    "ORDER_NUMBER": lambda order: order.order_number,
    "ID": lambda order: order.id,
}
CUSTOMER_SORT: dict[str, Callable[[Customer], datetime | int]] = {
    "CREATED_AT": lambda customer: customer.created_at,
    "UPDATED_AT": lambda customer: customer.updated_at,
    "ID": lambda customer: customer.id,
}


class Admin:
    """The root of one call: its methods are the fields of QueryRoot and Mutation and bear their names."""

    def __init__(self, call: AdminCall) -> None:
        self._call = call
        self._shop = call.shop

    def shop(self, info: Info) -> View:
        return shop_view(self._shop, self._call.now)

    def currentAppInstallation(self, info: Info) -> View:
        scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(self._shop.granted)]
        key = self._call.api_key
        app = {"id": "gid://shopify/App/1", "apiKey": key, "embedded": True, "handle": "app", "title": "App"}
        launch = f"https://admin.shopify.com/store/{self._shop.handle}/apps/{key}"
        installation = f"gid://shopify/AppInstallation/{self._shop.id + 1}"
        return {"id": installation, "accessScopes": scopes, "app": app, "launchUrl": launch}

    # Orders

    def order(self, info: Info, id: str) -> View | None:
        self._demand("read_orders", info)
        order = self._shop.orders.get(_numeric_id(id, "Order"))
        return self._order(order) if order is not None and self._is_visible(order) else None

    def orders(self, info: Info, **arguments: Any) -> View:
        self._demand("read_orders", info)
        return self._connect_orders(list(self._shop.orders.values()), arguments)

    def ordersCount(self, info: Info, query: str | None = None, limit: int | None = None) -> View:
        self._demand("read_orders", info)
        visible = [order for order in self._shop.orders.values() if self._is_visible(order)]
        return _count(len(_found(visible, query, _order_fields)), limit)

    def fulfillment(self, info: Info, id: str) -> View | None:
        self._demand("read_orders", info)
        wanted = _numeric_id(id, "Fulfillment")
        for order in filter(self._is_visible, self._shop.orders.values()):
            for parcel in order.fulfillments:
                if parcel.id == wanted:
                    return fulfillment_view(self._shop, order, parcel, customer=self._customer_of(order))
        return None

    # Customers

    def customer(self, info: Info, id: str) -> View | None:
        self._demand("read_customers", info)
        customer = self._shop.customers.get(_numeric_id(id, "Customer"))
        return self.view_customer(customer) if customer is not None else None

    def customerByIdentifier(self, info: Info, identifier: dict[str, str]) -> View | None:
        self._demand("read_customers", info)
        if "id" in identifier:
            return self.customer(info, identifier["id"])
        for customer in self._shop.customers.values():
            by_phone = "phoneNumber" in identifier and customer.phone == identifier["phoneNumber"]
            if by_phone or ("emailAddress" in identifier and customer.email == identifier["emailAddress"]):
                return self.view_customer(customer)
        return None

    def customers(self, info: Info, **arguments: Any) -> View:
        self._demand("read_customers", info)
        found = _found(list(self._shop.customers.values()), arguments.get("query"), _customer_fields)
        return connect(found, arguments, node=self.view_customer, sort_value=CUSTOMER_SORT[arguments["sortKey"]])

    def customersCount(self, info: Info, query: str | None = None, limit: int | None = None) -> View:
        self._demand("read_customers", info)
        return _count(len(_found(list(self._shop.customers.values()), query, _customer_fields)), limit)

    def customerSmsMarketingConsentUpdate(self, info: Info, **arguments: Any) -> View:
        self._demand("write_customers", info)
        return consent.update_consent(self._call, arguments["input"], self.view_customer)

    # Webhook subscriptions

    def webhookSubscription(self, info: Info, id: str) -> View | None:
        subscription = self._shop.subscriptions.get(_numeric_id(id, "WebhookSubscription"))
        return subscriptions.subscription_view(subscription) if subscription is not None else None

    def webhookSubscriptions(self, info: Info, **arguments: Any) -> View:
        topics = {subscriptions.topic_name(topic) for topic in arguments.get("topics") or ()}
        found = [
            subscription
            for subscription in _found(list(self._shop.subscriptions.values()), arguments.get("query"), _webhook_fields)
            if (not topics or subscription.topic in topics) and arguments.get("uri") in (None, subscription.uri)
        ]
        return connect(
            found,
            arguments,
            node=subscriptions.subscription_view,
            sort_value=None if arguments["sortKey"] == "ID" else lambda subscription: subscription.created_at,
        )

    def webhookSubscriptionsCount(self, info: Info, query: str | None = None, limit: int | None = None) -> View:
        return _count(len(_found(list(self._shop.subscriptions.values()), query, _webhook_fields)), limit)

    def webhookSubscriptionCreate(self, info: Info, **arguments: Any) -> View:
        return subscriptions.create(self._call, arguments["topic"], arguments["webhookSubscription"])

    def webhookSubscriptionUpdate(self, info: Info, **arguments: Any) -> View:
        wanted = _numeric_id(arguments["id"], "WebhookSubscription")
        return subscriptions.update(self._call, wanted, arguments["webhookSubscription"])

    def webhookSubscriptionDelete(self, info: Info, id: str) -> View:
        return subscriptions.delete(self._call, _numeric_id(id, "WebhookSubscription"))

    # Bulk operations

    def bulkOperationRunQuery(self, info: Info, **arguments: Any) -> View:
        grouped, query = arguments["groupObjects"], arguments["query"]
        return self._call.bulk.start(self._shop, self._call.new_id, info.schema, self, query, grouped=grouped)

    def bulkOperationCancel(self, info: Info, id: str) -> View:
        return self._call.bulk.cancel(self._shop, _numeric_id(id, "BulkOperation"))

    def bulkOperation(self, info: Info, id: str) -> View | None:
        found = self._shop.bulk_operations.get(_numeric_id(id, "BulkOperation"))
        return self._call.bulk.view(found) if found is not None else None

    def bulkOperations(self, info: Info, **arguments: Any) -> View:
        found = _found(list(self._shop.bulk_operations.values()), arguments.get("query"), _bulk_fields)
        newest_first = {**arguments, "reverse": not arguments.get("reverse")}
        return connect(
            found, newest_first, node=self._call.bulk.view, sort_value=lambda operation: operation.created_at
        )

    def node(self, info: Info, id: str) -> View | None:
        match id.removeprefix("gid://shopify/").partition("/")[0]:
            case "Order":
                return self.order(info, id)
            case "Customer":
                return self.customer(info, id)
            case "Fulfillment":
                return self.fulfillment(info, id)
            case "WebhookSubscription":
                return self.webhookSubscription(info, id)
            case "BulkOperation":
                return self.bulkOperation(info, id)
            case "Shop":
                return self.shop(info) if id == self._shop.gid else None
            case _:
                return None

    # What the fields above are made of

    def view_customer(self, customer: Customer) -> View:
        def orders(info: Info, **arguments: Any) -> View:
            self._demand("read_orders", info)
            theirs = [order for order in self._shop.orders.values() if order.customer_id == customer.id]
            return self._connect_orders(theirs, arguments)

        return customer_view(self._shop, customer, orders=orders)

    def _order(self, order: Order) -> View:
        return order_view(self._shop, order, customer=self._customer_of(order))

    def _customer_of(self, order: Order) -> Callable[[Info], View | None]:
        def customer(info: Info) -> View | None:
            self._demand("read_customers", info)
            found = self._shop.customers.get(order.customer_id) if order.customer_id is not None else None
            return self.view_customer(found) if found is not None else None

        return customer

    def _connect_orders(self, orders: Sequence[Order], arguments: dict[str, Any]) -> View:
        visible = [order for order in orders if self._is_visible(order)]
        found = _found(visible, arguments.get("query"), _order_fields)
        return connect(found, arguments, node=self._order, sort_value=ORDER_SORT[arguments["sortKey"]])

    def _is_visible(self, order: Order) -> bool:
        return "read_all_orders" in self._shop.granted or order.created_at >= self._call.now - ORDER_WINDOW

    def _demand(self, scope: str, info: Info) -> None:
        if scope in self._shop.granted:
            return
        name = info.field_name
        raise GraphQLError(
            f"Access denied for {name} field. Required access: `{scope}` access scope.",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": f"`{scope}` access scope.",
            },
        )


def _numeric_id(gid: str, kind: str) -> int:
    prefix = f"gid://shopify/{kind}/"
    number = gid.removeprefix(prefix)
    if not gid.startswith(prefix) or not number.isdecimal():
        raise GraphQLError("invalid id", extensions={"code": "RESOURCE_NOT_FOUND"})
    return int(number)


def _found(records: Sequence[R], query: str | None, fields: Callable[[R], dict[str, Any]]) -> list[R]:
    try:
        return [record for record in records if matches_search(query, fields(record))]
    except BadSearch as error:
        raise GraphQLError(str(error), extensions={"code": "BAD_REQUEST"}) from error


def _count(number: int, limit: int | None) -> View:
    exact = limit is None or number <= limit
    return {"count": number if exact else limit, "precision": "EXACT" if exact else "AT_LEAST"}


def _order_fields(order: Order) -> dict[str, Any]:
    status = "cancelled" if order.cancelled_at else "closed" if order.closed_at else "open"
    return {
        "id": order.id,
        "name": order.name,
        "created_at": order.created_at,
        "processed_at": order.created_at,
        "updated_at": order.updated_at,
        "customer_id": order.customer_id,
        "email": order.email,
        "status": status,
        "test": order.test,
        "tag": order.tags,
        "discount_code": order.discount_codes,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status or "unfulfilled",
        "source_name": order.source_name,
    }


def _customer_fields(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "phone": customer.phone,
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "tag": customer.tags,
        "customer_date": customer.created_at,
        "updated_at": customer.updated_at,
    }


def _bulk_fields(operation: BulkOperation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "created_at": operation.created_at,
        "completed_at": operation.completed_at,
        "status": operation.status.lower(),
        "operation_type": "query",
    }


def _webhook_fields(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "created_at": subscription.created_at,
        "updated_at": subscription.updated_at,
        "name": subscription.name,
        "uri": subscription.uri,
    }
