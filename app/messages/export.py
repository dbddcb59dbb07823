"""The log, or the list of opt-outs, as a CSV file of any length, behind an address that works once.

A link cannot carry a session token, so a signed-in request makes an address of 256 random bits, kept only as a hash,
good for a minute and used up by the first look. The file is read page by page, each in a short transaction, because a
slow download must neither hold a connection nor keep the database from cleaning up.
Source: OWASP, "CSV Injection".
"""

import asyncio
import csv
import hashlib
import io
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.log import opt_outs
from app.deps import Deps
from app.messages.log import describe, find_rows
from app.messages.models import ExportLink, Message

LINK_LIFE: Final = timedelta(seconds=60)
ROWS_AT_ONCE: Final = 500
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it, Excel reads UTF-8 as the machine's old code page."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS: Final = (
    ("id", "id"),
    ("created", "created_at"),
    ("kind", "kind"),
    ("order", "order_name"),
    ("to", "to"),
    ("status", "state"),
    ("reason", "reason"),
    ("segments", "segments"),
    ("sent", "sent_at"),
    ("delivered", "delivered_at"),
    ("text", "text"),
)
OPT_OUT_COLUMNS: Final = ("phone", "since", "state", "source", "method", "words")


async def make_export_link(deps: Deps, session: AsyncSession, shop_id: int, filters: Mapping[str, Any]) -> str:
    """The token of an address that `take_export_link` takes once within a minute."""
    now, token = deps.clock(), secrets.token_urlsafe(32)
    await session.execute(delete(ExportLink).where(ExportLink.expires_at <= now))
    session.add(
        ExportLink(
            token_hash=_hash(token),
            shop_id=shop_id,
            # What was searched for may be a customer's phone.
            filters_encrypted=deps.vault.encrypt(json.dumps(dict(filters))),
            expires_at=now + LINK_LIFE,
        )
    )
    return token


async def take_export_link(deps: Deps, session: AsyncSession, token: str) -> tuple[int, dict[str, Any]] | None:
    """(shop, filters), or None when the link is unknown, used or too old."""
    row = (
        await session.execute(
            delete(ExportLink)
            .where(ExportLink.token_hash == _hash(token), ExportLink.expires_at > deps.clock())
            .returning(ExportLink.shop_id, ExportLink.filters_encrypted)
        )
    ).one_or_none()
    return None if row is None else (row.shop_id, json.loads(deps.vault.decrypt(row.filters_encrypted)))


async def export_csv(deps: Deps, shop_id: int, filters: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
    """The whole log under these filters, newest first, in pieces of some hundred rows."""
    yield (BYTE_ORDER_MARK + _csv([[title for title, _ in COLUMNS]])).encode()
    before: int | None = None
    while True:
        async with deps.db.transaction() as session:
            found = await find_rows(deps, session, shop_id, **filters, before=before, limit=ROWS_AT_ONCE)
        if found.rows:
            # Opening some hundred sealed values takes long enough to keep other requests waiting.
            yield await asyncio.to_thread(_encode, deps, found.rows)
        if found.next is None:
            return
        before = found.next


async def export_opt_outs(deps: Deps, shop_id: int) -> AsyncGenerator[bytes, None]:
    """Everybody who gets no texts, newest first, with how and in which words they said so."""
    yield (BYTE_ORDER_MARK + _csv([list(OPT_OUT_COLUMNS)])).encode()
    before: tuple[datetime, int] | None = None
    while True:
        async with deps.db.transaction() as session:
            rows = await opt_outs(deps, session, shop_id, limit=ROWS_AT_ONCE, before=before)
        if not rows:
            return
        yield _csv([[harmless(row[name]) for name in OPT_OUT_COLUMNS] for row in rows]).encode()
        before = rows[-1]["place"]


def _encode(deps: Deps, rows: list[Message]) -> bytes:
    return _csv([_cells(describe(deps, row)) for row in rows]).encode()


def _cells(message: Mapping[str, Any]) -> list[str]:
    reason = message["reason"]["sentence"] if message["reason"] else None
    flat = {**message, "reason": reason}
    return [harmless(flat[name]) for _, name in COLUMNS]


def harmless(value: object) -> str:
    """*value* as a spreadsheet shows it and never runs it."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _csv(rows: list[list[str]]) -> str:
    page = io.StringIO()
    csv.writer(page).writerows(rows)
    return page.getvalue()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
