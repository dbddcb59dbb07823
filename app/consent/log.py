"""What the Consent page shows: who has opted out, and what changed."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentEvent
from app.consent.opt_out import HOLD, OPT_OUT
from app.consent.queries import events_of, events_of_phone, latest_of_each, suppressed_rows
from app.deps import Deps


async def opt_outs(
    deps: Deps, session: AsyncSession, shop_id: int, *, limit: int = 100, before: tuple[datetime, int] | None = None
) -> list[dict[str, Any]]:
    """Opted-out numbers, newest first, each with the event that put it there and its own place in the list."""
    suppressed = await suppressed_rows(session, shop_id, limit=limit, before=before)
    # Shopify's own account of what it was told comes later and does not count: it has no words.
    causes = await latest_of_each(session, shop_id, [each.phone_hash for each in suppressed], (OPT_OUT, HOLD))
    rows = []
    for suppression in suppressed:
        cause = causes.get(suppression.phone_hash)
        rows.append(
            {
                "phone": _open(deps, suppression.phone_encrypted),
                "since": suppression.since.isoformat(),
                "held": suppression.held,
                "state": "held" if suppression.held else "opted_out",
                "source": cause.source if cause else None,
                "method": cause.method if cause else None,
                "words": _open(deps, cause.words_encrypted) if cause else None,
                "place": (suppression.since, suppression.id),
            }
        )
    return rows


async def activity(deps: Deps, session: AsyncSession, shop_id: int, *, limit: int = 50) -> list[dict[str, Any]]:
    return [_describe(deps, event) for event in await events_of(session, shop_id, limit=limit)]


async def activity_of_phone(deps: Deps, session: AsyncSession, shop_id: int, phone: str) -> list[dict[str, Any]]:
    """Newest first."""
    events = await events_of_phone(session, shop_id, deps.vault.fingerprint(phone))
    return [_describe(deps, event) for event in reversed(events)]


def _describe(deps: Deps, event: ConsentEvent) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "phone": _open(deps, event.phone_encrypted),
        "change": event.change,
        "source": event.source,
        "method": event.method,
        "words": _open(deps, event.words_encrypted),
        "rule": event.rule,
        "actor": event.actor,
        "shopify_result": event.shopify_result,
    }


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)
