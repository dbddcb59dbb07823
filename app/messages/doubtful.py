"""Replies that may mean STOP: shown to staff with the words and the rule, and decided by them.

Until then texts to that number wait where they are. "Release" sends them if they are still true and in time; "confirm"
makes the reply the opt-out it was.
"""

from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.opt_out import HOLD, Evidence, record_release
from app.consent.queries import get_held, held_rows, latest_of_each
from app.core.db import after_commit
from app.core.errors import Conflict
from app.deps import Deps
from app.messages.models import Message, MessageState
from app.messages.opt_out import stop_texting
from app.shops.models import Shop
from app.shops.queries import write_audit

SHOWN = 200


async def doubtful_rows(deps: Deps, session: AsyncSession, shop_id: int, *, limit: int = SHOWN) -> list[dict[str, Any]]:
    """Oldest first: texts wait behind them."""
    waiting = await held_rows(session, shop_id, limit=limit)
    causes = await latest_of_each(session, shop_id, [each.phone_hash for each in waiting], (HOLD,))
    rows = []
    for held in waiting:
        cause = causes.get(held.phone_hash)
        rows.append(
            {
                "id": held.id,
                "phone": deps.vault.decrypt(held.phone_encrypted) if held.phone_encrypted is not None else None,
                "since": held.since.isoformat(),
                "words": deps.vault.decrypt(cause.words_encrypted) if cause and cause.words_encrypted else None,
                "rule": cause.rule if cause is not None else None,
            }
        )
    return rows


async def release(deps: Deps, session: AsyncSession, shop: Shop, held_id: int, *, actor: str) -> dict[str, Any]:
    """The words meant something else: waiting texts go through the gate again, now."""
    held = await get_held(session, shop.id, held_id)
    phone = _phone(deps, held.phone_encrypted)
    await record_release(deps, session, shop.id, phone, Evidence(source="staff", actor=actor, method="decision"))
    await session.execute(
        update(Message)
        .where(
            Message.shop_id == shop.id,
            Message.phone_hash == held.phone_hash,
            Message.state == MessageState.QUEUED,
        )
        .values(due_at=deps.clock())
    )
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="doubt_released")
    after_commit(session, deps.outbox_changed.set)
    return {"id": held_id, "phone": phone, "decision": "released"}


async def confirm(deps: Deps, session: AsyncSession, shop: Shop, held_id: int, *, actor: str) -> dict[str, Any]:
    """The words meant STOP. Told outward like any opt-out; too late for a confirmation text."""
    held = await get_held(session, shop.id, held_id)
    phone = _phone(deps, held.phone_encrypted)
    cause = (await latest_of_each(session, shop.id, [held.phone_hash], (HOLD,))).get(held.phone_hash)
    words = deps.vault.decrypt(cause.words_encrypted) if cause and cause.words_encrypted else None
    evidence = Evidence(
        source="staff",
        actor=actor,
        method="decision",
        words=words,
        rule=cause.rule if cause is not None else None,
        matcher_version=cause.matcher_version if cause is not None else None,
        confirmation="none: decided by staff",
    )
    await stop_texting(deps, session, shop.id, phone, evidence)
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="doubt_confirmed")
    return {"id": held_id, "phone": phone, "decision": "opted_out"}


def _phone(deps: Deps, encrypted: bytes | None) -> str:
    if encrypted is None:
        raise Conflict("The customer's data was erased, so nothing is left to decide.")
    return deps.vault.decrypt(encrypted)
