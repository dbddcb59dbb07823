"""Everything that has to be right for a shop's texts to go out, checked one by one, each with what to do."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.shopify.webhooks import topics
from app.shops.models import ProviderUser, Sender, SenderState, Shop
from app.shops.queries import find_sender, get_provider_user
from app.shops.tokens import covers

OK, WARNING, PROBLEM = "ok", "warning", "problem"


async def diagnose(deps: Deps, session: AsyncSession, shop: Shop) -> list[dict[str, Any]]:
    """Problems first is the page's business; here they come in the order of a text's journey."""
    sender = await find_sender(session, shop.id)
    user = await get_provider_user(session, sender.provider_user_id) if sender and sender.provider_user_id else None
    found = [_access(deps, shop), _scopes(shop), _connection(sender), _number(sender)]
    if user is not None and sender is not None and sender.phone_number is not None:
        found += [_subscription(deps, user), _pause(deps, user, sender)]
    if sender is not None:
        found += [
            _row(each["code"], each["level"], each["sentence"], None)
            for each in sender.findings
            if each.get("level") != OK
        ]
    return found


def _access(deps: Deps, shop: Shop) -> dict[str, Any]:
    if shop.needs_reauth or shop.access_token_encrypted is None:
        return _row("shopify_access", PROBLEM, "Shopify has not granted access at the moment.", "Reload the app.")
    return _row("shopify_access", OK, "Shopify lets the app read orders.")


def _scopes(shop: Shop) -> dict[str, Any]:
    missing = [scope for scope in topics.scopes() if not covers(shop.scopes, [scope])]
    if missing:
        sentence = f"Shopify has not granted: {', '.join(missing)}."
        return _row("shopify_scopes", PROBLEM, sentence, "Open the app from Shopify Admin and accept the update.")
    return _row("shopify_scopes", OK, "All permissions were granted.")


def _connection(sender: Sender | None) -> dict[str, Any]:
    if sender is None:
        return _row("ringcentral", PROBLEM, "RingCentral is not connected.", "Connect it under Settings.")
    if sender.state == SenderState.BROKEN:
        return _row("ringcentral", PROBLEM, sender.problem or "The connection is broken.", "Paste a new JWT.")
    return _row("ringcentral", OK, "RingCentral is connected.")


def _number(sender: Sender | None) -> dict[str, Any]:
    if sender is None or sender.phone_number is None:
        return _row("number", PROBLEM, "No number was chosen.", "Choose the number that customers will see.")
    return _row("number", OK, f"Texts leave from {sender.phone_number}.")


def _subscription(deps: Deps, user: ProviderUser) -> dict[str, Any]:
    alive = user.subscription_expires_at is None or user.subscription_expires_at > deps.clock()
    if user.subscription_id is None or not alive:
        return _row(
            "replies", PROBLEM, "RingCentral does not tell the app about replies.", "It is repaired within the hour."
        )
    return _row("replies", OK, "RingCentral tells the app about replies such as STOP.")


def _pause(deps: Deps, user: ProviderUser, sender: Sender) -> dict[str, Any]:
    if sender.state == SenderState.PAUSED:
        return _row("pace", WARNING, "You have paused sending.", "Resume it under Settings.")
    if sender.paused_until is not None and sender.paused_until > deps.clock():
        until = f"{sender.paused_until:%Y-%m-%d %H:%M} UTC"
        return _row("pace", WARNING, f"Sending rests until {until}: {sender.pause_reason or 'a limit was reached.'}")
    if user.paused_until is not None and user.paused_until > deps.clock():
        until = f"{user.paused_until:%H:%M} UTC"
        return _row(
            "pace", WARNING, f"Sending pauses until {until}: {user.pause_reason or 'RingCentral asked for it.'}"
        )
    return _row("pace", OK, f"Up to {user.call_limit} texts go out each minute.")


def _row(code: str, level: str, sentence: str, action: str | None = None) -> dict[str, Any]:
    return {"code": code, "level": level, "sentence": sentence, "action": action}
