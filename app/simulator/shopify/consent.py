"""`customerSmsMarketingConsentUpdate`: which consent states the app may set, and how Shopify words its refusals.

Source: Shopify, "customerSmsMarketingConsentUpdate"; the texts and codes are those of recorded answers. The newest
record wins: a change dated before the one on file is accepted and changes nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from app.simulator.shopify.call import AdminCall
from app.simulator.shopify.shop_payloads import consent_payload
from app.simulator.shopify.state import Customer
from app.simulator.shopify.views import View

TOPIC = "customers_marketing_consent/update"
NOT_SETTABLE = ("NOT_SUBSCRIBED", "REDACTED")
CONSENT_PATH = ["input", "smsMarketingConsent"]


def update_consent(call: AdminCall, given: dict[str, Any], view: Callable[[Customer], View]) -> View:
    """Applies the mutation's *given* input; a change causes the consent webhook, also back to the app that made it."""
    wanted = given["smsMarketingConsent"]
    state = wanted["marketingState"]
    if state in NOT_SETTABLE:
        message = f"Cannot specify {state} as a marketing state input"
        raise GraphQLError(message, extensions={"code": "INVALID"})
    customer = _find_customer(call, given["customerId"])
    if customer is None:
        return _refused("Customer not found")
    refusal = _refusal(customer, wanted, call.now)
    if refusal is not None:
        return refusal
    dated = wanted.get("consentUpdatedAt") or call.now
    if customer.consent_updated_at is None or dated >= customer.consent_updated_at:
        record_consent(customer, state, dated, opt_in_level=wanted.get("marketingOptInLevel"), collected_from="OTHER")
        customer.updated_at = call.now
        call.events.append({TOPIC: consent_payload(call.shop, customer)})
    return {"customer": view(customer), "userErrors": []}


def record_consent(
    customer: Customer, state: str, at: datetime, *, opt_in_level: str | None, collected_from: str | None
) -> None:
    """Sets the consent; a level that is not given stays as it was."""
    customer.consent = state
    customer.opt_in_level = opt_in_level or customer.opt_in_level
    customer.consent_updated_at = at
    customer.consent_collected_from = collected_from


def _find_customer(call: AdminCall, gid: str) -> Customer | None:
    number = gid.rpartition("/")[2]
    customer = call.shop.customers.get(int(number)) if number.isdecimal() else None
    return customer if customer is not None and customer.gid == gid else None


def _refusal(customer: Customer, wanted: dict[str, Any], now: datetime) -> View | None:
    state, level = wanted["marketingState"], wanted.get("marketingOptInLevel")
    at_level, at_date = [*CONSENT_PATH, "marketingOptInLevel"], [*CONSENT_PATH, "consentUpdatedAt"]
    if customer.phone is None:
        return _refused("A phone number is required to set the SMS consent state.", "INVALID", CONSENT_PATH)
    if state == "SUBSCRIBED" and level is None:
        return _refused("Marketing opt in level must exist", "MISSING_ARGUMENT", at_level)
    if state == "PENDING" and level != "CONFIRMED_OPT_IN":
        return _refused("Marketing opt in level must be confirmed opt-in for a pending state", "INVALID", at_level)
    if (wanted.get("consentUpdatedAt") or now) > now:
        return _refused("Consent updated at must not be in the future", "INVALID", at_date)
    return None


def _refused(message: str, code: str | None = None, path: list[str] | None = None) -> View:
    return {"customer": None, "userErrors": [{"message": message, "code": code, "field": path}]}
