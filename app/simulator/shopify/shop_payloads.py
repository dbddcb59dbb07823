"""The bodies of webhooks that are not about orders: consent, the shop itself, scopes and the three compliance topics.

Source: Shopify, "Webhooks reference" and "Privacy law compliance". The published `app/uninstalled` leaves both domains
empty, and so do we: only the header tells the shop.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.simulator.shopify.payloads import Payload, moment, order_customer
from app.simulator.shopify.state import Customer, Shop

PLAN_NAMES = {"Basic": "basic", "Grow": "professional", "Advanced": "unlimited", "Plus": "shopify_plus"}


def consent_payload(shop: Shop, customer: Customer) -> Payload:
    """`customers_marketing_consent/update`: states in lower case, `not_subscribed` for who was never asked."""
    return {
        "id": customer.id,
        "phone": customer.phone,
        "sms_marketing_consent": {
            "state": flat_state(customer.consent).lower(),
            "opt_in_level": customer.opt_in_level.lower() if customer.opt_in_level else None,
            "consent_updated_at": moment(shop, customer.consent_updated_at),
            "consent_collected_from": (customer.consent_collected_from or "OTHER").lower(),
        },
    }


def flat_state(state: str) -> str:
    """The older spelling, which mutations and the deprecated flat fields use."""
    return "NOT_SUBSCRIBED" if state == "NEVER_SUBSCRIBED" else state


def customer_payload(shop: Shop, customer: Customer) -> Payload:
    """`customers/update` and its kin."""
    payload: Payload = {}
    for name, value in order_customer(shop, customer).items():
        if name == "tax_exemptions":
            payload["addresses"] = []
        payload[name] = value
    return payload


def scopes_payload(shop: Shop, previous: Sequence[str], now: datetime) -> Payload:
    return {
        "id": 1,
        "shop_id": shop.gid,
        "previous": list(previous),
        "current": list(shop.scopes),
        "updated_at": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def shop_redact_payload(shop: Shop) -> Payload:
    return {"shop_id": shop.id, "shop_domain": shop.domain}


def customers_redact_payload(shop: Shop, customer: Customer) -> Payload:
    return {**shop_redact_payload(shop), **_who(customer), "orders_to_redact": _orders_of(shop, customer)}


def data_request_payload(shop: Shop, customer: Customer, request_id: int) -> Payload:
    orders = _orders_of(shop, customer)
    return {
        **shop_redact_payload(shop),
        **_who(customer),
        "orders_requested": orders,
        "data_request": {"id": request_id},
    }


def _who(customer: Customer) -> Payload:
    return {"customer": {"id": customer.id, "email": customer.email, "phone": customer.phone}}


def _orders_of(shop: Shop, customer: Customer) -> list[int]:
    return [order.id for order in shop.orders.values() if order.customer_id == customer.id]


def shop_payload(shop: Shop, now: datetime) -> Payload:
    """`app/uninstalled` and `shop/update`."""
    offset = now.astimezone(ZoneInfo(shop.timezone)).strftime("%z")
    return {
        "id": shop.id,
        "name": shop.name,
        "email": shop.email,
        "domain": None,
        "province": "New York",
        "country": shop.country_code,
        "address1": "1 Market Street",
        "zip": "10001",
        "city": "New York",
        "source": None,
        "phone": shop.phone,
        "latitude": None,
        "longitude": None,
        "primary_locale": "en",
        "address2": None,
        "created_at": None,
        "updated_at": None,
        "country_code": shop.country_code,
        "country_name": "United States" if shop.country_code == "US" else shop.country_code,
        "currency": shop.currency,
        "customer_email": shop.email,
        "timezone": f"(GMT{offset[:3]}:{offset[3:]}) {shop.timezone}",
        "iana_timezone": shop.timezone,
        "shop_owner": shop.owner,
        "money_format": "${{amount}}",
        "money_with_currency_format": f"${{{{amount}}}} {shop.currency}",
        "weight_unit": "kg",
        "province_code": "NY",
        "taxes_included": None,
        "auto_configure_tax_inclusivity": None,
        "tax_shipping": None,
        "county_taxes": None,
        "plan_display_name": shop.plan,
        "plan_name": PLAN_NAMES.get(shop.plan, shop.plan.lower()),
        "has_discounts": False,
        "has_gift_cards": False,
        "myshopify_domain": None,
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
        "money_in_emails_format": "${{amount}}",
        "money_with_currency_in_emails_format": f"${{{{amount}}}} {shop.currency}",
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "password_enabled": None,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": None,
        "checkout_api_supported": True,
        "multi_location_enabled": False,
        "setup_required": False,
        "pre_launch_enabled": False,
        "enabled_presentment_currencies": [shop.currency],
        "marketing_sms_consent_enabled_at_checkout": True,
        "transactional_sms_disabled": False,
    }
