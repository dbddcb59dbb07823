"""Shopify's consent state, which it spells in three ways: one spelling inside this program.

Source: Shopify, `CustomerMarketingConsentState` (reading), `CustomerSmsMarketingState` (writing) and the payload of
`customers_marketing_consent/update` (lower case, null for never asked). An unknown word is no agreement.
"""

from enum import StrEnum


class ShopifyConsent(StrEnum):
    SUBSCRIBED = "SUBSCRIBED"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    PENDING = "PENDING"
    NEVER_SUBSCRIBED = "NEVER_SUBSCRIBED"
    REDACTED = "REDACTED"
    UNKNOWN = "UNKNOWN"


def read_state(spelt: str | None) -> ShopifyConsent:
    word = (spelt or "NEVER_SUBSCRIBED").strip().upper()
    if word in ("NOT_SUBSCRIBED", ""):
        return ShopifyConsent.NEVER_SUBSCRIBED
    return next((state for state in ShopifyConsent if state == word), ShopifyConsent.UNKNOWN)
