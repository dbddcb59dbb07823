"""An answer that a person writes to a customer's text: when one may be written, when it leaves, its way to the outbox.

Staff and connected accounts answer by the same rules. An answer follows a text of the customer's own, because whoever
wrote asked for an answer, and whoever did not agreed to order texts at most. It goes through the outbox like every
text, so an opt-out stops it at the gate, and waits for the sending hours unless the customer wrote a moment ago.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import is_suppressed
from app.consent.quiet_hours import next_open, recipient_zones
from app.core.db import after_commit
from app.core.errors import Conflict, Invalid
from app.core.phone import country_of
from app.deps import Deps
from app.message_templates.segments import UTF16_LIMIT, count_segments, to_plain, utf16_length
from app.messages.kinds import Kind
from app.messages.models import InboundMessage
from app.messages.queries import insert_message
from app.shops.models import Sender, Shop
from app.shops.queries import write_audit
from app.shops.settings import read_settings_of

ANSWER_WITHIN: Final = timedelta(days=30)
AWAKE: Final = timedelta(hours=1)
"""Who has just written is awake, whatever the clock says."""
NO_NUMBER: Final = "Connect RingCentral and choose a number first."


@dataclass(frozen=True, slots=True)
class Answer:
    """*once* makes a repeated click one text; *said*: what the audit log says beside the message's id."""

    kind: Kind
    text: str
    phone_hash: bytes
    once: str
    actor: str
    said: dict[str, object]


def read_answer(form: object) -> tuple[str, str]:
    """(text, once). Raises `Invalid`."""
    given = form if isinstance(form, dict) else {}
    text, once = given.get("text"), given.get("once")
    if not isinstance(text, str) or not text.strip():
        raise Invalid({"text": "Write your answer first."})
    plain = to_plain(text.strip())
    if utf16_length(plain) > UTF16_LIMIT:
        raise Invalid({"text": f"An answer may have at most {UTF16_LIMIT} characters."})
    if not isinstance(once, str) or not 8 <= len(once) <= 64:
        raise Invalid({"once": "Reload the page, then send again."})
    return plain, once


async def why_no_answer(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    phone_hash: bytes,
    *,
    sender: Sender | None,
    heard: Sequence[InboundMessage],
    no_number: str = NO_NUMBER,
) -> str | None:
    """*heard*: the customer's texts, newest first; *no_number*: what to do where there is none to answer from."""
    if sender is None or sender.phone_number is None:
        return no_number
    if await is_suppressed(session, shop_id, phone_hash):
        return "This customer opted out, so no text may be sent to this number."
    if not heard:
        return "You can answer once this customer has written to you."
    if deps.clock() - heard[0].received_at > ANSWER_WITHIN:
        return "The customer's last text is more than 30 days old, so it can no longer be answered."
    return None


async def queue_answer(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    answer: Answer,
    *,
    sender: Sender | None,
    heard: Sequence[InboundMessage],
    refused: str | None,
) -> dict[str, Any]:
    """*refused*: what `why_no_answer` said. Raises `Conflict` with it, or because the number was erased."""
    sealed = next((each.phone_encrypted for each in heard if each.phone_encrypted is not None), None)
    if refused is not None or sealed is None or sender is None:
        raise Conflict(refused or "This customer's number was erased.")
    phone, now = deps.vault.decrypt(sealed), deps.clock()
    due_at = _due(now, shop, phone, heard[0])
    message_id = await insert_message(
        session,
        {
            "shop_id": shop.id,
            "sender_id": sender.id,
            "kind": answer.kind.name,
            "subject": answer.once,
            "priority": answer.kind.priority,
            "text_encrypted": deps.vault.encrypt(answer.text),
            "phone_encrypted": deps.vault.encrypt(phone),
            "phone_hash": answer.phone_hash,
            "segments": count_segments(answer.text).segments,
            "event_at": now,
            "due_at": due_at,
            "expires_at": due_at + answer.kind.max_age,
        },
        now=now,
        cause=f"{answer.kind.name} asked for",
    )
    if message_id is not None:
        detail: dict[str, object] = {"message_id": message_id, **answer.said}
        await write_audit(session, shop.domain, at=now, actor=answer.actor, action="reply_sent", detail=detail)
    after_commit(session, deps.outbox_changed.set)
    return {"id": message_id, "due_at": due_at.isoformat(), "waits": due_at > now}


def _due(now: datetime, shop: Shop, phone: str, latest: InboundMessage) -> datetime:
    settings = read_settings_of(shop)
    hours = settings.quiet_hours
    if not hours.enabled or now - latest.received_at <= AWAKE:
        return now
    zones = recipient_zones(
        phone=phone, country=country_of(phone), province=None, shop_zone=settings.time_zone or shop.timezone
    )
    return next_open(now, zones=zones, start=hours.start, end=hours.end) or now
