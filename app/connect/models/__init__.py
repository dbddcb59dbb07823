"""Tables of Connect: accounts, API keys, orders, what was said to accounts, and what was told to the organisation.

The organisation is the shop: every row belongs to one, and its id is the `company_id` of the API. An account's id is
the API's `user_id`. Orders made by the API or by a backfill live here; orders of Shopify stay there, and only their
attribution to an account is kept.
"""

from app.connect.models.accounts import Account, AccountTemplate, Notice, Refusal, SignIn, Visit
from app.connect.models.api import ApiKey, ApiRequest, StoredAnswer
from app.connect.models.attribution import Attribution, AttributionRule, HistoryImport
from app.connect.models.orders import ConnectLine, ConnectOrder, Profile
from app.connect.models.outgoing import WebhookCall, WebhookEndpoint

__all__ = [
    "Account",
    "AccountTemplate",
    "ApiKey",
    "ApiRequest",
    "Attribution",
    "AttributionRule",
    "ConnectLine",
    "ConnectOrder",
    "HistoryImport",
    "Notice",
    "Profile",
    "Refusal",
    "SignIn",
    "StoredAnswer",
    "Visit",
    "WebhookCall",
    "WebhookEndpoint",
]
