"""When a merchant may be asked to review the app: at the end of something that worked, and never while a page loads.

Source: Shopify, "Reviews API" of App Bridge (Shopify itself decides whether and how often its question is shown) and
Built for Shopify. The moments are two: a finished setup guide is put away, and a customer's reply was answered.
"""

from app.messages.analytics import Tally

ENOUGH_DELIVERED = 50
GOOD_RATE = 0.95


def is_worth_a_review(week: Tally) -> bool:
    """Whether the shop has seen enough of its texts arrive in the last seven days to have an opinion."""
    return week.delivered >= ENOUGH_DELIVERED and (week.delivery_rate or 0) >= GOOD_RATE
