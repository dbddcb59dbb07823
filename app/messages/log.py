"""The message log as pages and API show it: what became of each text, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.phone import to_e164
from app.deps import Deps
from app.messages.conversations import key_of
from app.messages.kinds import kinds, shown
from app.messages.models import Message, MessageState, MessageTransition
from app.messages.queries import get_message, log_rows, transitions_of
from app.messages.resend import can_cancel, can_resend
from app.shops.queries import get_sender

LONGEST_PAGE = 200


WORDS_LOOKED_THROUGH = 300
"""Texts are stored encrypted, so words are looked for by opening them: this many at a time, newest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """*next*: the id to go on before. *searched*: how many texts were opened to look for words, else None.

    *by_name*: these are the texts of customers of that name. *unasked*: Shopify did not say who has that name.
    """

    rows: list[Message]
    next: int | None
    searched: int | None = None
    by_name: bool = False
    unasked: bool = False


async def log_page(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    *,
    status: str | None = None,
    kind: str | None = None,
    q: str | None = None,
    people: Sequence[str] | None = (),
    before: int | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Newest first. *q*: an order's name or id, a phone, or words. *status*: states, comma-separated.

    *people*: the phones of customers whose name *q* is, None where that could not be asked; see `people.py`.
    """
    limit = min(max(limit, 1), LONGEST_PAGE)
    found = await find_rows(
        deps, session, shop_id, status=status, kind=kind, q=q, people=people, before=before, limit=limit
    )
    messages = [describe(deps, row) for row in found.rows]
    searched = {"searched": found.searched} if found.searched is not None else {}
    about_names = {name: True for name in ("by_name", "unasked") if getattr(found, name)}
    return {"messages": messages, "next": found.next, **searched, **about_names}


async def find_rows(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    *,
    status: str | None = None,
    kind: str | None = None,
    q: str | None = None,
    people: Sequence[str] | None = (),
    before: int | None = None,
    limit: int,
) -> Found:
    """A phone or an order if *q* names one, else the *people*'s, else those of the next few hundred with the words."""
    states = [each for each in (status or "").split(",") if each]
    words = q.strip() if q else None
    phone = to_e164(words, "US") if words else None
    rows = await log_rows(
        session,
        shop_id,
        states=states,
        kind=kind,
        order_name=words,
        phone_hashes=[deps.vault.fingerprint(phone)] if phone is not None else [],
        before=before,
        limit=limit + 1,
    )
    by_name = not rows and phone is None and bool(people)
    if by_name:
        hashes = [deps.vault.fingerprint(each) for each in people or ()]
        rows = await log_rows(
            session, shop_id, states=states, kind=kind, phone_hashes=hashes, before=before, limit=limit + 1
        )
    if rows or words is None or phone is not None:
        return Found(rows[:limit], rows[limit - 1].id if len(rows) > limit else None, by_name=by_name)
    looked = WORDS_LOOKED_THROUGH
    opened = await log_rows(session, shop_id, states=states, kind=kind, before=before, limit=looked)
    wanted = words.casefold()
    found = [row for row in opened if wanted in (_open(deps, row.text_encrypted) or "").casefold()]
    unasked = people is None
    if len(found) > limit:
        return Found(found[:limit], found[limit - 1].id, len(opened), unasked=unasked)
    return Found(found, opened[-1].id if len(opened) == looked else None, len(opened), unasked=unasked)


async def latest_failures(deps: Deps, session: AsyncSession, shop_id: int, *, limit: int) -> list[dict[str, Any]]:
    rows = await log_rows(session, shop_id, states=[MessageState.FAILED, MessageState.EXPIRED], limit=limit)
    return [describe(deps, row) for row in rows]


async def message_detail(deps: Deps, session: AsyncSession, shop_id: int, message_id: int) -> dict[str, Any]:
    """One message with its checks and its timeline. Raises `NotFound`."""
    message = await get_message(session, shop_id, message_id)
    return {
        **describe(deps, message),
        "checks": message.checks,
        "timeline": _timeline(message, await transitions_of(session, shop_id, message_id)),
        "order_id": message.order_id,
        "cost_micros": message.cost_micros,
        "sender": await number_of(session, shop_id, message.sender_id),
        "can_resend": await can_resend(session, message),
        "can_cancel": can_cancel(message),
        "conversation": key_of(message.phone_hash) if message.phone_hash is not None else None,
    }


def _timeline(message: Message, transitions: Sequence[MessageTransition]) -> list[dict[str, Any]]:
    """Oldest first. A delivery is told by the carrier's clock, as everywhere else, and not when we heard of it."""
    return [
        {
            "at": _iso((each.to_state == MessageState.DELIVERED and message.delivered_at) or each.at),
            "from": each.from_state,
            "to": each.to_state,
            "cause": each.cause,
        }
        for each in transitions
    ]


async def number_of(session: AsyncSession, shop_id: int, sender_id: int | None) -> str | None:
    """The number that a text leaves from, as it is now."""
    return (await get_sender(session, shop_id, sender_id)).phone_number if sender_id is not None else None


def describe(deps: Deps, message: Message) -> dict[str, Any]:
    kind = kinds.find(message.kind)
    reason = {"code": message.reason_code, "sentence": message.reason} if message.reason_code else None
    return {
        "id": message.id,
        "kind": message.kind,
        "label": kind.label if kind is not None else message.kind,
        "state": message.state,
        "reason": reason,
        "to": _open(deps, message.phone_encrypted),
        "order_name": message.order_name,
        "text": shown(kind, _open(deps, message.text_encrypted)),
        "segments": message.segments,
        "created_at": _iso(message.created_at),
        "due_at": _iso(message.due_at),
        "sent_at": _iso(message.sent_at),
        "delivered_at": _iso(message.delivered_at),
    }


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
