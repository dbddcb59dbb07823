"""Texts that have arrived, written down together: most answers of the message store say nothing else.

One statement, which is a transaction by itself. A text that is meanwhile in another state, or has been sent again under
another id of the provider, is left alone.
"""

from collections.abc import Sequence
from typing import Final

from app.deps import Deps
from app.messages.models import Message
from app.sms.contract import StatusReport

DELIVERED: Final = """
WITH told AS (
    SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::bigint[], $7::bigint[])
        AS t(shop_id, id, provider_message_id, delivered_at, segments, cost_micros)
), here AS (
    SELECT m.id, m.state, told.delivered_at, told.segments, told.cost_micros
    FROM told JOIN messages m ON m.shop_id = told.shop_id AND m.id = told.id
    WHERE m.state IN ('accepted', 'sent') AND m.provider_message_id = told.provider_message_id
    ORDER BY m.id FOR UPDATE OF m
), moved AS (
    UPDATE messages m
    SET state = 'delivered', updated_at = $1, delivered_at = here.delivered_at, follow_up_at = NULL,
        segments = coalesce(nullif(here.segments, 0), m.segments),
        cost_micros = coalesce(here.cost_micros, m.cost_micros)
    FROM here WHERE m.id = here.id
    RETURNING m.id, m.shop_id, here.state
)
INSERT INTO message_transitions (message_id, shop_id, at, from_state, to_state, cause)
SELECT id, shop_id, $1, state, 'delivered', 'RingCentral: delivered' FROM moved
RETURNING message_id
"""


async def note_delivered(deps: Deps, arrived: Sequence[tuple[Message, StatusReport]]) -> set[int]:
    """The ids of those that were moved."""
    if not arrived:
        return set()
    now = deps.clock()
    rows = await deps.db.pool.fetch(
        DELIVERED,
        now,
        [message.shop_id for message, _ in arrived],
        [message.id for message, _ in arrived],
        [message.provider_message_id for message, _ in arrived],
        [report.at or now for _, report in arrived],
        [report.segment_count for _, report in arrived],
        [report.cost_micros for _, report in arrived],
    )
    return {row["message_id"] for row in rows}
