"""What the app itself knows when a text is about to go to a phone, in one look at the database.

The opt-out list and the newest decision about the phone, what became of the last text to it, the shop's own wording of
the kind, and whether the shop has several numbers. It is read after the order's facts, so nothing of it is older than
they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from app.consent.queries import DECISIONS
from app.deps import Deps
from app.messages.models import MessageState

ANSWERED: Final = [MessageState.FAILED.value, MessageState.DELIVERED.value]

KNOWN: Final = """
SELECT (
           SELECT s.held FROM suppressions s WHERE s.shop_id = $1 AND s.phone_hash = $2 AND s.lifted_at IS NULL
       ) AS held,
       newest.change, newest.recorded_at, newest.written_to_provider_at, newest.written_to_shopify_at,
       last.state, last.provider_code, last.updated_at,
       (
           SELECT json_object_agg(t.locale, t.text) FROM templates t WHERE t.shop_id = $1 AND t.kind = $3
       ) AS wording,
       (
           SELECT count(*) FROM senders s
           WHERE s.shop_id = $1 AND s.account_id IS NULL AND s.state = 'ready' AND s.phone_number IS NOT NULL
       ) AS numbers
FROM (SELECT 1) AS here
LEFT JOIN LATERAL (
    SELECT e.change, e.recorded_at, e.written_to_provider_at, e.written_to_shopify_at FROM consent_events e
    WHERE e.shop_id = $1 AND e.phone_hash = $2 AND e.change = ANY($4::text[])
    ORDER BY e.seq DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT m.state, m.provider_code, m.updated_at FROM messages m
    WHERE m.shop_id = $1 AND m.phone_hash = $2 AND m.state = ANY($5::text[])
    ORDER BY m.id DESC LIMIT 1
) last ON true
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The newest opt-out or opt-in of a phone, wherever it came from. *told_provider*: RingCentral's list knows it.
    *told_shopify_at*: since when Shopify's customers do, where there are any."""

    change: str
    recorded_at: datetime
    told_provider: bool
    told_shopify_at: datetime | None


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What the carrier said of the last text that has come to its end. *code*: the provider's, of a failure."""

    state: str
    code: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """*held*: suppressed only until staff decide. *wording*: the shop's own texts of the kind, by locale."""

    suppressed: bool
    held: bool
    decision: Decision | None
    last: LastAnswer | None
    wording: Mapping[str, str] = field(default_factory=dict)
    several_numbers: bool = False


async def what_is_known(deps: Deps, shop_id: int, phone: str, kind: str = "") -> Known:
    row = await deps.db.pool.fetchrow(KNOWN, shop_id, deps.vault.fingerprint(phone), kind, list(DECISIONS), ANSWERED)
    told, told_shopify_at = row["written_to_provider_at"] is not None, row["written_to_shopify_at"]
    decided = row["change"] is not None
    return Known(
        suppressed=row["held"] is not None,
        held=bool(row["held"]),
        decision=Decision(row["change"], row["recorded_at"], told, told_shopify_at) if decided else None,
        last=LastAnswer(row["state"], row["provider_code"], row["updated_at"]) if row["state"] is not None else None,
        wording=msgspec.json.decode(row["wording"], type=dict[str, str]) if row["wording"] is not None else {},
        several_numbers=row["numbers"] > 1,
    )
