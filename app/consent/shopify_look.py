"""What Shopify says about one phone's consent at this moment, for a person who asks."""

from dataclasses import dataclass
from datetime import datetime

from app.consent.shopify_states import ShopifyConsent, read_state
from app.deps import Deps
from app.shopify.client import operation, plain_id
from app.shops.admin_api import run_operation


@dataclass(frozen=True, slots=True)
class ShopifySays:
    """*customer_id* is None when no customer has the phone as their own."""

    customer_id: str | None
    state: ShopifyConsent
    since: datetime | None


async def ask_shopify(deps: Deps, shop_id: int, phone: str) -> ShopifySays:
    """Raises `ShopifyError`s."""
    answer = await run_operation(deps, shop_id, operation("app.consent", "customer_by_phone"), {"phone": phone})
    customer = answer.whole("customerByIdentifier")
    if not customer:
        return ShopifySays(None, ShopifyConsent.NEVER_SUBSCRIBED, None)
    consent = (customer.get("defaultPhoneNumber") or {}).get("smsMarketingConsent") or {}
    return ShopifySays(
        plain_id(customer.get("id")), read_state(consent.get("state")), _moment(consent.get("updatedAt"))
    )


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
