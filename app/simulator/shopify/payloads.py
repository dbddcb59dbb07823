"""The bodies of order and fulfillment webhooks, key for key as Shopify publishes them in 2026.

Source: Shopify, "Webhooks reference", samples of `orders/create` and `fulfillments/create`. The customer inside an
order carries neither consent nor tags nor counters (since 2025-01), and there is no `checkout_id` (since 2026-04).
Times are written in the shop's zone, money as text beside its `*_set`.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.simulator.shopify.state import Address, Customer, Fulfillment, LineItem, Order, Refund, Shop

Payload = dict[str, Any]


def order_payload(shop: Shop, order: Order) -> Payload:
    """The body of every `orders/*` topic."""
    customer = shop.customers.get(order.customer_id) if order.customer_id is not None else None
    cancelled, created = moment(shop, order.cancelled_at), moment(shop, order.created_at)
    return {
        "id": order.id,
        "admin_graphql_api_id": order.gid,
        "app_id": None,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": order.cancel_reason,
        "cancelled_at": cancelled,
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "closed_at": moment(shop, order.closed_at),
        "confirmation_number": order.confirmation_number,
        "confirmed": True,
        "contact_email": order.email,
        "created_at": created,
        "currency": order.currency,
        **_current_amounts(order),
        "customer_locale": order.customer_locale,
        "device_id": None,
        "discount_codes": [
            {"code": code, "amount": money(order.discount_cents), "type": "fixed_amount"}
            for code in order.discount_codes
        ],
        "duties_included": False,
        "email": order.email,
        "estimated_taxes": False,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "landing_site": order.landing_site,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": f"business-entity-{shop.id}",
        "merchant_of_record_app_id": None,
        "name": order.name,
        "note": order.note,
        "note_attributes": [{"name": name, "value": value} for name, value in order.note_attributes.items()],
        "number": order.number,
        "order_number": order.order_number,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{order.token}/authenticate?key=web&source=webhook",
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "payment_gateway_names": ["bogus"],
        "phone": order.phone,
        "po_number": None,
        "presentment_currency": order.currency,
        "processed_at": created,
        "reference": None,
        "referring_site": order.referring_site,
        "source_identifier": None,
        "source_name": order.source_name,
        "source_url": None,
        **_with_sets(order, {"subtotal_price": order.subtotal_cents}),
        "tags": ", ".join(order.tags),
        "tax_exempt": False,
        "tax_lines": [],
        "taxes_included": False,
        "test": order.test,
        "token": order.token,
        **_original_totals(order),
        "total_weight": 0,
        "updated_at": moment(shop, order.updated_at),
        "user_id": None,
        "billing_address": _address(order.billing_address),
        "customer": order_customer(shop, customer) if customer is not None else None,
        "discount_applications": [],
        "fulfillments": [fulfillment_payload(shop, order, parcel) for parcel in order.fulfillments],
        "line_items": [_line_item(order, item) for item in order.line_items],
        "payment_terms": None,
        "refunds": [refund_payload(shop, order, refund) for refund in order.refunds],
        "shipping_address": _address(order.shipping_address),
        "shipping_lines": [_shipping_line(order)] if order.shipping_address else [],
        "returns": [],
        "line_item_groups": [],
    }


def fulfillment_payload(shop: Shop, order: Order, parcel: Fulfillment) -> Payload:
    """The body of `fulfillments/*`, and what stands in an order's `fulfillments`."""
    return {
        "id": parcel.id,
        "order_id": order.id,
        "status": parcel.status,
        "created_at": moment(shop, parcel.created_at),
        "service": "manual",
        "updated_at": moment(shop, parcel.updated_at),
        "tracking_company": parcel.tracking_company,
        "shipment_status": parcel.shipment_status,
        "location_id": None,
        "origin_address": None,
        "email": order.email,
        "destination": _address(order.shipping_address),
        "line_items": [
            _packed_item(order, item, parcel.quantities[item.id])
            for item in order.line_items
            if item.id in parcel.quantities
        ],
        "tracking_number": parcel.tracking_number,
        "tracking_numbers": [parcel.tracking_number] if parcel.tracking_number else [],
        "tracking_url": parcel.tracking_url,
        "tracking_urls": [parcel.tracking_url] if parcel.tracking_url else [],
        "receipt": {},
        "name": parcel.name,
        "admin_graphql_api_id": parcel.gid,
    }


def fulfillment_event_payload(
    shop: Shop, order: Order, parcel: Fulfillment, event_id: int, status: str, happened_at: datetime
) -> Payload:
    """The body of `fulfillment_events/create`. Shopify publishes no sample; these are the keys of the REST object."""
    place = order.shipping_address
    return {
        "id": event_id,
        "fulfillment_id": parcel.id,
        "status": status,
        "message": None,
        "happened_at": moment(shop, happened_at),
        "city": place.city if place else None,
        "province": place.province if place else None,
        "country": place.country_code if place else None,
        "zip": place.zip if place else None,
        "address1": None,
        "latitude": None,
        "longitude": None,
        "shop_id": shop.id,
        "created_at": moment(shop, happened_at),
        "updated_at": moment(shop, happened_at),
        "estimated_delivery_at": None,
        "order_id": order.id,
        "admin_graphql_api_id": f"gid://shopify/FulfillmentEvent/{event_id}",
    }


def refund_payload(shop: Shop, order: Order, refund: Refund) -> Payload:
    """The body of `refunds/create`, and what stands in an order's `refunds`. The money moves in its transactions."""
    at = moment(shop, refund.created_at)
    transaction = {
        "id": refund.transaction_id,
        "order_id": order.id,
        "kind": "refund",
        "gateway": "bogus",
        "status": "success",
        "message": "Bogus Gateway: Forced success",
        "created_at": at,
        "test": order.test,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": None,
        "processed_at": at,
        "device_id": None,
        "error_code": None,
        "source_name": "1830279",
        "receipt": {},
        "amount": money(refund.cents),
        "currency": order.currency,
        "payment_id": f"{order.name}.2",
        "manual_payment_gateway": False,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{refund.transaction_id}",
    }
    return {
        "id": refund.id,
        "order_id": order.id,
        "created_at": at,
        "note": None,
        "user_id": None,
        "processed_at": at,
        "duties": [],
        "total_duties_set": _money_set(order, 0),
        "return": None,
        "order_adjustments": [],
        "refund_shipping_lines": [],
        "refund_line_items": [],
        "transactions": [transaction] if refund.cents else [],
        "admin_graphql_api_id": refund.gid,
    }


def order_customer(shop: Shop, customer: Customer) -> Payload:
    """A customer as orders and `customers/update` carry one since 2025-01."""
    address = customer.default_address
    return {
        "id": customer.id,
        "created_at": moment(shop, customer.created_at),
        "updated_at": moment(shop, customer.updated_at),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": customer.email,
        "phone": customer.phone,
        "currency": shop.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": customer.gid,
        "default_address": _default_address(customer, address) if address is not None else None,
    }


def moment(shop: Shop, at: datetime | None) -> str | None:
    return at.astimezone(ZoneInfo(shop.timezone)).isoformat(timespec="seconds") if at else None


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _money_set(order: Order, cents: int) -> Payload:
    amount = {"amount": money(cents), "currency_code": order.currency}
    return {"shop_money": amount, "presentment_money": dict(amount)}


def _with_sets(order: Order, amounts: dict[str, int]) -> Payload:
    return {
        key: value
        for name, cents in amounts.items()
        for key, value in ((name, money(cents)), (f"{name}_set", _money_set(order, cents)))
    }


def _current_amounts(order: Order) -> Payload:
    return {
        "current_shipping_price_set": _money_set(order, order.shipping_cents),
        **_with_sets(order, {"current_subtotal_price": order.subtotal_cents}),
        "current_total_additional_fees_set": None,
        **_with_sets(order, {"current_total_discounts": order.discount_cents}),
        "current_total_duties_set": None,
        **_with_sets(order, {"current_total_price": order.total_cents, "current_total_tax": order.tax_cents}),
    }


def _original_totals(order: Order) -> Payload:
    nothing = _money_set(order, 0)
    return {
        "total_cash_rounding_payment_adjustment_set": nothing,
        "total_cash_rounding_refund_adjustment_set": nothing,
        **_with_sets(order, {"total_discounts": order.discount_cents}),
        **_with_sets(order, {"total_line_items_price": order.subtotal_cents + order.discount_cents}),
        "total_outstanding": money(0 if order.financial_status == "paid" else order.total_cents),
        **_with_sets(order, {"total_price": order.total_cents}),
        "total_shipping_price_set": _money_set(order, order.shipping_cents),
        **_with_sets(order, {"total_tax": order.tax_cents}),
        "total_tip_received": "0.00",
    }


def _address(address: Address | None) -> Payload | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "address1": address.address1,
        "phone": address.phone,
        "city": address.city,
        "zip": address.zip,
        "province": address.province,
        "country": address.country,
        "last_name": address.last_name,
        "address2": address.address2,
        "company": address.company,
        "latitude": None,
        "longitude": None,
        "name": address.name,
        "country_code": address.country_code,
        "province_code": address.province_code,
    }


def _default_address(customer: Customer, address: Address) -> Payload:
    return {
        "id": customer.id + 1,
        "customer_id": customer.id,
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province": address.province,
        "country": address.country,
        "zip": address.zip,
        "phone": address.phone,
        "name": address.name,
        "province_code": address.province_code,
        "country_code": address.country_code,
        "country_name": address.country,
        "default": True,
    }


def _line_item(order: Order, item: LineItem) -> Payload:
    status = "fulfilled" if item.fulfilled >= item.quantity else "partial" if item.fulfilled else None
    return {
        "id": item.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{item.id}",
        "attributed_staffs": [],
        "current_quantity": item.quantity,
        "fulfillable_quantity": item.quantity - item.fulfilled,
        "fulfillment_service": "manual",
        "fulfillment_status": status,
        "gift_card": False,
        "grams": 0,
        "name": item.title,
        **_with_sets(order, {"price": item.price_cents}),
        "product_exists": False,
        "product_id": None,
        "properties": [],
        "quantity": item.quantity,
        "requires_shipping": True,
        "sales_line_item_group_id": None,
        "sku": item.sku,
        "taxable": True,
        "title": item.title,
        **_with_sets(order, {"total_discount": 0}),
        "variant_id": None,
        "variant_inventory_management": None,
        "variant_title": None,
        "vendor": None,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def _packed_item(order: Order, item: LineItem, quantity: int) -> Payload:
    """A line item inside a fulfillment: it knows nothing of the order's staff, groups and later edits."""
    order_only = ("attributed_staffs", "sales_line_item_group_id", "current_quantity")
    packed = {name: value for name, value in _line_item(order, item).items() if name not in order_only}
    return packed | {"quantity": quantity}


def _shipping_line(order: Order) -> Payload:
    return {
        "id": order.id + 1,
        "carrier_identifier": None,
        "code": "Standard",
        "current_discounted_price_set": _money_set(order, order.shipping_cents),
        **_with_sets(order, {"discounted_price": order.shipping_cents}),
        "is_removed": False,
        "phone": None,
        **_with_sets(order, {"price": order.shipping_cents}),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": "Standard",
        "tax_lines": [],
        "discount_allocations": [],
    }
