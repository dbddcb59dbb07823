"""What is told of a shop's connection, on its page and by `GET /api/admin/connection`. Never a secret."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.shops.models import Sender, SenderState, Shop
from app.shops.queries import find_sender, get_shop
from app.shops.settings import read_settings_of


async def describe_connection(session: AsyncSession, shop_id: int, *, account_id: int | None = None) -> dict[str, Any]:
    """What the connection page and `GET /api/admin/connection` show. Never a secret."""
    sender = await find_sender(session, shop_id, account_id=account_id)
    if sender is None:
        return {
            "connected": False,
            "state": "not_connected",
            "phone_number": None,
            "numbers": [],
            "findings": [],
            "problem": None,
            "checked_at": None,
            "transport": None,
            "stop_confirmed_by": None,
        }
    return {
        "connected": sender.state in (SenderState.READY, SenderState.PAUSED) and sender.phone_number is not None,
        "state": sender.state,
        "phone_number": sender.phone_number,
        "numbers": [public_number(each) for each in sender.numbers],
        "findings": sender.findings,
        "problem": sender.problem,
        "checked_at": sender.checked_at.isoformat() if sender.checked_at else None,
        "transport": sender.transport,
        "stop_confirmed_by": "provider" if provider_confirms_stop(await get_shop(session, shop_id), sender) else "app",
    }


def provider_confirms_stop(shop: Shop, sender: Sender) -> bool:
    """Whether RingCentral itself answers STOP on this number: the merchant's choice, else as its registration says."""
    chosen = read_settings_of(shop).stop_confirmation
    return sender.provider_confirms_stop if chosen == "auto" else chosen == "provider"


def public_number(stored: dict[str, Any]) -> dict[str, Any]:
    """What is told of a RingCentral number that could send."""
    shown = ("phone_number", "features", "usable", "reason", "label", "payment_type", "country", "primary", "transport")
    return {name: stored.get(name) for name in shown}
