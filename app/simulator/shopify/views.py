"""How the stored records look through the Admin API: one dictionary per GraphQL object, keyed by field name.

Source: Shopify, "GraphQL Admin API reference", 2026-10. A value that is a function is called only when its field is
asked for. Consent is read in three spellings: `smsMarketingConsent` (2026-10) and the older flat and `…State` ones.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
from zoneinfo import ZoneInfo

from app.simulator.shopify.connections import connect
from app.simulator.shopify.payloads import money
from app.simulator.shopify.shop_payloads import flat_state
from app.simulator.shopify.state import Address, Customer, Fulfillment, LineItem, Order, Refund, Shop

View = dict[str, Any]
ZONES = {
    "AZ": "America/Phoenix",
    "CA": "America/Los_Angeles",
    "CO": "America/Denver",
    "FL": "America/New_York",
    "HI": "Pacific/Honolulu",
    "IL": "America/Chicago",
    "NY": "America/New_York",
    "TX": "America/Chicago",
    "WA": "America/Los_Angeles",
}


def order_view(shop: Shop, order: Order, *, customer: Any) -> View:
    """*customer* is called for the order's customer, because that needs a scope of its own."""
    quantity = sum(item.quantity for item in order.line_items)
    return {
        "__typename": "Order",
        "id": order.gid,
        "legacyResourceId": order.id,
        "billingAddress": address_view(order.billing_address, order.id + 2),
        "cancelReason": order.cancel_reason.upper() if order.cancel_reason else None,
        "cancelledAt": order.cancelled_at,
        "closed": order.closed_at is not None,
        "closedAt": order.closed_at,
        "confirmationNumber": order.confirmation_number,
        "confirmed": True,
        "createdAt": order.created_at,
        "currencyCode": order.currency,
        "currentSubtotalLineItemsQuantity": quantity,
        "currentSubtotalPriceSet": _money_bag(order, order.subtotal_cents),
        "currentTotalPriceSet": _money_bag(order, order.total_cents),
        "customAttributes": [{"key": key, "value": value} for key, value in order.note_attributes.items()],
        "customer": customer,
        "customerJourneySummary": _journey(shop, order),
        "customerLocale": order.customer_locale,
        "discountCode": order.discount_codes[0] if order.discount_codes else None,
        "discountCodes": order.discount_codes,
        "displayFinancialStatus": order.financial_status.upper(),
        "displayFulfillmentStatus": display_fulfillment_status(order),
        "email": order.email,
        "fulfillable": order.cancelled_at is None and order.fulfillment_status != "fulfilled",
        "fulfillments": lambda info, first=None, query=None: [
            fulfillment_view(shop, order, parcel, customer=customer) for parcel in order.fulfillments[:first]
        ],
        "fulfillmentsCount": {"count": len(order.fulfillments), "precision": "EXACT"},
        "lineItems": lambda info, **arguments: connect(
            order.line_items, arguments, node=lambda item: _line_item_view(order, item)
        ),
        "name": order.name,
        "note": order.note,
        "number": order.order_number,
        "paymentGatewayNames": ["bogus"],
        "phone": order.phone,
        "presentmentCurrencyCode": order.currency,
        "processedAt": order.created_at,
        "refunds": lambda info, first=None: [_refund_view(order, refund) for refund in order.refunds[:first]],
        "shippingAddress": address_view(order.shipping_address, order.id + 3),
        "sourceName": order.source_name,
        "statusPageUrl": lambda info, **arguments: status_page_url(shop, order, arguments),
        "requiresShipping": True,
        "subtotalLineItemsQuantity": quantity,
        "subtotalPriceSet": _money_bag(order, order.subtotal_cents),
        "tags": order.tags,
        "test": order.test,
        "totalDiscountsSet": _money_bag(order, order.discount_cents),
        "totalPriceSet": _money_bag(order, order.total_cents),
        "totalShippingPriceSet": _money_bag(order, order.shipping_cents),
        "totalTaxSet": _money_bag(order, order.tax_cents),
        "updatedAt": order.updated_at,
    }


def _journey(shop: Shop, order: Order) -> View:
    """One visit, the one that led to the order; what its address says of where it came from is taken apart."""
    if order.landing_site is None:
        return {
            "customerOrderIndex": None,
            "daysToConversion": None,
            "firstVisit": None,
            "lastVisit": None,
            "ready": True,
        }
    given = dict(parse_qsl(urlsplit(order.landing_site).query))
    utm = {part: given.get(f"utm_{part}") for part in ("campaign", "content", "medium", "source", "term")}
    visit = {
        "__typename": "CustomerVisit",
        "id": f"gid://shopify/CustomerVisit/{order.id + 4}",
        "landingPage": urljoin(f"https://{shop.domain}", order.landing_site),
        "occurredAt": order.created_at,
        "referralCode": next((given[name] for name in ("ref", "source", "r") if name in given), None),
        "referrerUrl": order.referring_site,
        "source": "direct" if order.referring_site is None else urlsplit(order.referring_site).hostname or "unknown",
        "utmParameters": utm if any(utm.values()) else None,
    }
    return {"customerOrderIndex": 0, "daysToConversion": 0, "firstVisit": visit, "lastVisit": visit, "ready": True}


def status_page_url(shop: Shop, order: Order, arguments: Mapping[str, str | None]) -> str:
    """A capability link of its own at every call, as since 2025-04."""
    page = f"https://{shop.domain}/{shop.id}/orders/{order.token}"
    usage = arguments.get("notificationUsage") or "WEB"
    if arguments.get("audience") == "MERCHANTVIEW":
        return f"https://admin.shopify.com/store/{shop.handle}/orders/{order.id}"
    return f"{page}/authenticate?key={secrets.token_urlsafe(9)}&usage={usage.lower()}"


def display_fulfillment_status(order: Order) -> str:
    return {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}[order.fulfillment_status]


def display_status(parcel: Fulfillment) -> str:
    """What the carrier has said last, else that it was sent off. `not_delivered` is how the admin shows a failure."""
    if parcel.status != "success":
        return "CANCELED"
    reported = parcel.shipment_status
    return {None: "FULFILLED", "failure": "NOT_DELIVERED"}.get(reported, (reported or "").upper())


def _refund_view(order: Order, refund: Refund) -> View:
    return {
        "__typename": "Refund",
        "id": refund.gid,
        "legacyResourceId": refund.id,
        "createdAt": refund.created_at,
        "note": None,
        "processedAt": refund.created_at,
        "totalRefundedSet": _money_bag(order, refund.cents),
        "updatedAt": refund.created_at,
    }


def fulfillment_view(shop: Shop, order: Order, parcel: Fulfillment, *, customer: Any) -> View:
    tracking = {"company": parcel.tracking_company, "number": parcel.tracking_number, "url": parcel.tracking_url}
    items = [item for item in order.line_items if item.id in parcel.quantities]
    return {
        "__typename": "Fulfillment",
        "id": parcel.gid,
        "legacyResourceId": parcel.id,
        "createdAt": parcel.created_at,
        "deliveredAt": parcel.delivered_at,
        "displayStatus": display_status(parcel),
        "estimatedDeliveryAt": None,
        "fulfillmentLineItems": lambda info, **arguments: connect(
            items,
            arguments,
            node=lambda item: {
                "id": f"gid://shopify/FulfillmentLineItem/{item.id + 1}",
                "lineItem": _line_item_view(order, item),
                "quantity": parcel.quantities[item.id],
            },
        ),
        "inTransitAt": None,
        "name": parcel.name,
        "order": lambda info: order_view(shop, order, customer=customer),
        "requiresShipping": True,
        "status": parcel.status.upper(),
        "totalQuantity": sum(parcel.quantities.values()),
        "trackingInfo": lambda info, first=None: [tracking][:first] if any(tracking.values()) else [],
        "updatedAt": parcel.updated_at,
    }


def customer_view(shop: Shop, customer: Customer, *, orders: Any) -> View:
    """*orders* is called with the arguments of the customer's `orders` connection."""
    name = " ".join(part for part in (customer.first_name, customer.last_name) if part)
    return {
        "__typename": "Customer",
        "id": customer.gid,
        "legacyResourceId": customer.id,
        "createdAt": customer.created_at,
        "defaultAddress": address_view(customer.default_address, customer.id + 1),
        "defaultEmailAddress": {"emailAddress": customer.email} if customer.email else None,
        "defaultPhoneNumber": _phone_view(customer) if customer.phone else None,
        "displayName": name or customer.email or customer.phone or "",
        "email": customer.email,
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "locale": customer.locale,
        "numberOfOrders": lambda info: sum(o.customer_id == customer.id for o in shop.orders.values()),
        "orders": orders,
        "phone": customer.phone,
        "smsMarketingConsent": {
            "consentCollectedFrom": customer.consent_collected_from,
            "consentUpdatedAt": customer.consent_updated_at,
            "marketingOptInLevel": customer.opt_in_level or "UNKNOWN",
            "marketingState": flat_state(customer.consent),
        }
        if customer.phone
        else None,
        "tags": customer.tags,
        "updatedAt": customer.updated_at,
    }


def _phone_view(customer: Customer) -> View:
    return {
        "phoneNumber": customer.phone,
        "smsMarketingConsent": {
            "state": customer.consent,
            "optInLevel": customer.opt_in_level,
            "updatedAt": customer.consent_updated_at,
            "collectedFrom": customer.consent_collected_from,
        },
        "marketingState": flat_state(customer.consent),
        "marketingOptInLevel": customer.opt_in_level,
        "marketingUpdatedAt": customer.consent_updated_at,
        "marketingCollectedFrom": customer.consent_collected_from,
    }


def address_view(address: Address | None, address_id: int) -> View | None:
    if address is None:
        return None
    return {
        "id": f"gid://shopify/MailingAddress/{address_id}?model_name=Address",
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "company": address.company,
        "country": address.country,
        "countryCodeV2": address.country_code,
        "firstName": address.first_name,
        "lastName": address.last_name,
        "name": address.name or None,
        "phone": address.phone,
        "province": address.province,
        "provinceCode": address.province_code,
        "timeZone": ZONES.get(address.province_code or "") if address.country_code == "US" else None,
        "zip": address.zip,
    }


def shop_view(shop: Shop, now: datetime) -> View:
    local = now.astimezone(ZoneInfo(shop.timezone))
    offset = local.utcoffset()
    return {
        "__typename": "Shop",
        "id": shop.gid,
        "contactEmail": shop.email,
        "createdAt": shop.created_at,
        "currencyCode": shop.currency,
        "email": shop.email,
        "ianaTimezone": shop.timezone,
        "marketingSmsConsentEnabledAtCheckout": True,
        "myshopifyDomain": shop.domain,
        "name": shop.name,
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "plan": {
            "displayName": shop.plan,
            "partnerDevelopment": False,
            "publicDisplayName": shop.plan,
            "shopifyPlus": shop.plan == "Plus",
        },
        "primaryDomain": {
            "id": f"gid://shopify/Domain/{shop.id}",
            "host": shop.domain,
            "sslEnabled": True,
            "url": f"https://{shop.domain}",
        },
        "shopAddress": {
            "id": f"gid://shopify/ShopAddress/{shop.id}",
            "countryCodeV2": shop.country_code,
            "phone": shop.phone,
        },
        "shopOwnerName": shop.owner,
        "timezoneAbbreviation": local.strftime("%Z"),
        "timezoneOffset": local.strftime("%z"),
        "timezoneOffsetMinutes": int(offset.total_seconds() // 60) if offset is not None else 0,
        "transactionalSmsDisabled": False,
        "updatedAt": shop.created_at,
        "url": f"https://{shop.domain}",
    }


def _line_item_view(order: Order, item: LineItem) -> View:
    return {
        "id": f"gid://shopify/LineItem/{item.id}",
        "currentQuantity": item.quantity,
        "name": item.title,
        "originalUnitPriceSet": _money_bag(order, item.price_cents),
        "quantity": item.quantity,
        "requiresShipping": True,
        "sku": item.sku,
        "title": item.title,
        "unfulfilledQuantity": item.quantity - item.fulfilled,
        "variantTitle": None,
    }


def _money_bag(order: Order, cents: int) -> View:
    amount = {"amount": money(cents), "currencyCode": order.currency}
    return {"shopMoney": amount, "presentmentMoney": amount}
