"""Puts a message into the outbox: once per business key, with nothing decided but what it is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import after_commit
from app.deps import Deps
from app.messages.kinds import Kind
from app.messages.models import MessageState
from app.messages.owners import registry
from app.messages.pool import choose_sender
from app.messages.queries import insert_message
from app.messages.reasons import NOT_CONNECTED, Reason
from app.shops.models import Sender
from app.shops.queries import find_sender


@dataclass(frozen=True)
class About:
    """What a notification is about. *subject* makes it unique within its kind; *phone* is only for the log's search."""

    subject: str
    order_id: str | None = None
    order_name: str | None = None
    fulfillment_id: str | None = None
    customer_id: str | None = None
    phone: str | None = None


async def queue_message(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    kind: Kind,
    about: About,
    *,
    event_at: datetime,
    account_id: int | None = None,
    refusal: Reason | None = None,
) -> int | None:
    """The message's id, or None when this text was queued before. A shop without a number gets an explained skip.

    *account_id*: it leaves from this connected account's number. *refusal*: known already; it is only written down.
    """
    now = deps.clock()
    phone = _phone_columns(deps, about.phone)
    sender = await _sender_for(session, shop_id, kind, about, account_id, phone["phone_hash"])
    if refusal is None and (sender is None or sender.phone_number is None):
        refusal = NOT_CONNECTED
    values: dict[str, Any] = {
        "shop_id": shop_id,
        "sender_id": sender.id if sender is not None else None,
        "kind": kind.name,
        "subject": about.subject,
        "priority": kind.priority,
        "order_id": about.order_id,
        "order_name": about.order_name,
        "fulfillment_id": about.fulfillment_id,
        "customer_id": about.customer_id,
        "event_at": event_at,
        "due_at": now,
        "expires_at": event_at + kind.max_age,
        **phone,
    }
    if refusal is not None:
        values |= {
            "state": MessageState.SKIPPED,
            "reason_code": refusal.code,
            "reason": refusal.sentence,
            "checks": [{"code": refusal.code, "passed": False, "sentence": refusal.sentence}],
        }
    message_id = await insert_message(session, values, now=now, cause=f"{kind.name} asked for")
    after_commit(session, deps.outbox_changed.set)
    return message_id


async def queue_text(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    sender_id: int,
    kind: Kind,
    *,
    subject: str,
    phone: str,
    text: str,
    locale: str,
    event_at: datetime | None = None,
    due_at: datetime | None = None,
    skipped: Reason | None = None,
) -> int | None:
    """A text that is already worded: an answer to a keyword, or a test. *due_at*: not before then.

    *event_at*: what its age counts from, else when it is due. With *skipped* it is only written to the log, with why
    it was not sent.
    """
    now = deps.clock()
    due_at = max(due_at or now, now)
    values: dict[str, Any] = {
        "shop_id": shop_id,
        "sender_id": sender_id,
        "kind": kind.name,
        "subject": subject,
        "priority": kind.priority,
        "locale": locale,
        "text_encrypted": deps.vault.encrypt(text),
        "event_at": event_at or due_at,
        "due_at": due_at,
        "expires_at": (event_at or due_at) + kind.max_age,
        **_phone_columns(deps, phone),
    }
    if skipped is not None:
        values |= {
            "state": MessageState.SKIPPED,
            "reason_code": skipped.code,
            "reason": skipped.sentence,
            "checks": [{"code": skipped.code, "passed": False, "sentence": skipped.sentence}],
        }
    message_id = await insert_message(session, values, now=now, cause=f"{kind.name} asked for")
    after_commit(session, deps.outbox_changed.set)
    return message_id


async def _sender_for(
    session: AsyncSession, shop_id: int, kind: Kind, about: About, account_id: int | None, phone_hash: bytes | None
) -> Sender | None:
    owners = registry.owners if kind.about_order and about.order_id is not None else None
    if account_id is None and owners is not None:
        account_id = await owners.known_owner(session, shop_id, about.order_id or "")
    if account_id is not None:
        return await find_sender(session, shop_id, account_id=account_id)
    sender = await choose_sender(session, shop_id, phone_hash)
    if owners is not None and (sender is None or sender.phone_number is None):
        return await owners.stand_in(session, shop_id) or sender
    return sender


def _phone_columns(deps: Deps, phone: str | None) -> dict[str, bytes | None]:
    if phone is None:
        return {"phone_encrypted": None, "phone_hash": None}
    return {"phone_encrypted": deps.vault.encrypt(phone), "phone_hash": deps.vault.fingerprint(phone)}
