"""Everything that has to be right for a shop's texts to go out, checked one by one, each with what to do."""

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.drift import open_drifts
from app.consent.queries import count_held
from app.core.language import in_english
from app.core.recurring import last_run
from app.deps import Deps
from app.shopify.webhooks import topics
from app.shops.models import ProviderUser, Sender, SenderState, Shop
from app.shops.pace import texts_a_minute
from app.shops.queries import get_provider_user, own_senders
from app.shops.settings import read_settings_of
from app.shops.tokens import covers

OK, WARNING, PROBLEM = "ok", "warning", "problem"
RESTING = timedelta(minutes=5)
AT_RINGCENTRAL = "Put it right at RingCentral, then check again."
NOT_GRANTED = {
    "read_orders": "Shopify does not let the app read orders, so no order becomes a text.",
    "read_customers": "Shopify does not let the app read customers, so it cannot see who agreed to texts.",
    "write_customers": "Shopify does not let the app write to customers, so a STOP would not show there.",
    "read_fulfillments": "Shopify does not let the app read fulfillments, so no text tells of a delivery.",
}
"""What is said where a scope is missing."""
HOME = ("US", "CA")
"""Where every RingCentral number with text messages reaches."""


async def diagnose(deps: Deps, session: AsyncSession, shop: Shop) -> list[dict[str, Any]]:
    """Problems first is the page's business; here they come in the order of a text's journey.

    Rows of `code`, `level`, `sentence`, `action`, and `about`: the number that is meant, where the shop has several.
    """
    senders = await own_senders(session, shop.id)
    found = [_access(deps, shop), *_scopes(shop)]
    if not senders:
        found += [_connection(None), _number(None)]
    for sender in senders:
        rows = await _of_sender(deps, session, shop, sender)
        others_send = any(each.state == SenderState.READY for each in senders if each is not sender)
        found += [_of_several(each, sender, others_send) for each in rows] if len(senders) > 1 else rows
    found += await consent_rows(session, shop)
    found += _mail(deps, shop)
    return found + await _worker(deps, session)


async def _of_sender(deps: Deps, session: AsyncSession, shop: Shop, sender: Sender) -> list[dict[str, Any]]:
    user = await get_provider_user(session, sender.provider_user_id) if sender.provider_user_id else None
    found = [_connection(sender), _number(sender)]
    if sender.phone_number is not None:
        found += _countries(shop, sender)
    if user is not None and sender.phone_number is not None:
        found += [_subscription(deps, user), _pause(deps, user, sender)]
    return found + [
        row(each["code"], each["level"], each["sentence"], AT_RINGCENTRAL if each["level"] == PROBLEM else None)
        for each in sender.findings
        if each.get("level") != OK
    ]


def _of_several(found: dict[str, Any], sender: Sender, others_send: bool) -> dict[str, Any]:
    """While another number sends, texts leave: what is wrong with this one is no more than worth a look."""
    level = WARNING if found["level"] == PROBLEM and others_send else found["level"]
    return found | {"level": level, "about": sender.phone_number}


def _mail(deps: Deps, shop: Shop) -> list[dict[str, Any]]:
    """Nothing is said where nobody wished for mail."""
    settings = read_settings_of(shop)
    if not (settings.alert_email or settings.reply_email):
        return []
    if deps.settings.smtp_url is None:
        action = "Tell whoever runs this installation, or have replies sent to a phone."
        return [row("mail", WARNING, "This installation has no mail server yet, so no e-mail leaves.", action)]
    return [row("mail", OK, "E-mail to your people can leave.")]


async def _worker(deps: Deps, session: AsyncSession) -> list[dict[str, Any]]:
    """Nothing is said of an installation whose worker has not had its first turn."""
    last = await last_run(session)
    if last is None:
        return []
    if deps.clock() - last > RESTING:
        action = "Tell whoever runs this installation that its worker does not run."
        return [row("worker", PROBLEM, "The app has not sent or read anything for more than five minutes.", action)]
    return [row("worker", OK, "The app is at work.")]


def _access(deps: Deps, shop: Shop) -> dict[str, Any]:
    if shop.needs_reauth or shop.access_token_encrypted is None:
        return row("shopify_access", PROBLEM, "Shopify has not granted access at the moment.", "Reload the app.")
    return row("shopify_access", OK, "Shopify lets the app read orders.")


def _scopes(shop: Shop) -> list[dict[str, Any]]:
    missing = [scope for scope in topics.scopes() if not covers(shop.scopes, [scope])]
    sentences = dict.fromkeys(NOT_GRANTED.get(scope, f"Shopify has not granted {scope}.") for scope in missing)
    action = "Open the app from Shopify Admin and accept the update."
    rows = [row("shopify_scopes", PROBLEM, sentence, action) for sentence in sentences]
    return rows or [row("shopify_scopes", OK, "All permissions were granted.")]


def _connection(sender: Sender | None) -> dict[str, Any]:
    if sender is None:
        return row(
            "ringcentral",
            PROBLEM,
            "RingCentral is not connected.",
            "Connect it under Settings: a JWT is pasted and a number chosen.",
        )
    if sender.state == SenderState.BROKEN or sender.problem_code is not None:
        return row("ringcentral", PROBLEM, sender.problem or "The connection is broken.", "Paste a new JWT.")
    return row("ringcentral", OK, "RingCentral is connected.")


def _number(sender: Sender | None) -> dict[str, Any]:
    if sender is None or sender.phone_number is None:
        return row("number", PROBLEM, "No number was chosen.", "Choose the number that customers will see.")
    return row("number", OK, f"Texts leave from {sender.phone_number}.")


def _countries(shop: Shop, sender: Sender) -> list[dict[str, Any]]:
    """Said before the first text abroad is refused: a number has to be opened for it at RingCentral."""
    chosen = read_settings_of(shop).countries
    abroad = [code for code in chosen if code not in HOME]
    number = next((each for each in sender.numbers if each.get("phone_number") == sender.phone_number), {})
    if abroad and "InternationalSmsSender" not in number.get("features", ()):
        sentence = f"Your number cannot text abroad, so RingCentral will refuse texts to {in_english(abroad)}."
        action = "Have international texts switched on for it at RingCentral, or take these countries off your list."
        return [row("countries", WARNING, sentence, action)]
    return [row("countries", OK, f"You text to {in_english(chosen)}; other countries are skipped, with a reason.")]


async def consent_rows(session: AsyncSession, shop: Shop) -> list[dict[str, Any]]:
    """What waits for a person; nothing is said when nothing does."""
    held, apart = await count_held(session, shop.id), len(await open_drifts(session, shop.id))
    rows = []
    if held:
        sentence = f"Replies that may mean STOP: {held}. Texts to these numbers wait."
        rows.append(row("doubtful_replies", WARNING, sentence, "Decide under Consent."))
    if apart:
        sentence = f"Numbers about which Shopify, this app and RingCentral disagree: {apart}."
        rows.append(
            row("consent_drift", WARNING, sentence, "Settle them under Consent; until then the strictest counts.")
        )
    return rows


def _subscription(deps: Deps, user: ProviderUser) -> dict[str, Any]:
    alive = user.subscription_expires_at is None or user.subscription_expires_at > deps.clock()
    if user.subscription_id is None or not alive:
        return row(
            "replies", PROBLEM, "RingCentral does not tell the app about replies.", "It is repaired within the hour."
        )
    return row("replies", OK, "RingCentral tells the app about replies such as STOP.")


def _pause(deps: Deps, user: ProviderUser, sender: Sender) -> dict[str, Any]:
    if sender.state == SenderState.PAUSED:
        return row("pace", WARNING, "You have paused sending.", "Resume it under Settings.")
    if sender.paused_until is not None and sender.paused_until > deps.clock():
        until = f"{sender.paused_until:%Y-%m-%d %H:%M} UTC"
        return row("pace", WARNING, f"Sending rests until {until}: {sender.pause_reason or 'a limit was reached.'}")
    if user.paused_until is not None and user.paused_until > deps.clock():
        until = f"{user.paused_until:%Y-%m-%d %H:%M} UTC"
        return row("pace", WARNING, f"Sending pauses until {until}: {user.pause_reason or 'RingCentral asked for it.'}")
    return row("pace", OK, f"Up to {texts_a_minute(user, sender.transport)} texts go out each minute.")


def row(code: str, level: str, sentence: str, action: str | None = None) -> dict[str, Any]:
    return {"code": code, "level": level, "sentence": sentence, "action": action, "about": None}
