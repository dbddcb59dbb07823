"""The fence in one statement, for a text with which nothing has changed since the gate.

A statement by itself is a transaction: that it answered means that it is committed. Nothing is written unless all
holds at once: the attempt is ours, the phone has not opted out, the number sends, its user has a token and no pause,
the slot is young enough. Where anything is otherwise, the long way in `messages/send.py` finds out what.
"""

import json
from datetime import timedelta
from typing import Final

from app.deps import Deps
from app.messages.claim import Claimed
from app.messages.gate import Go
from app.messages.kinds import kinds
from app.messages.models import Message
from app.shops.logins import RENEW_BEFORE
from app.shops.pace import Limits
from app.shops.pauses import is_told_to_pause
from app.sms.contract import Access

LONGEST_WAY = timedelta(seconds=80)
"""From claim to call. Later its slot could be counted as free again (`pace.LONGEST_CALL`), so it starts anew."""

FENCE: Final = """
WITH free AS (
    SELECT m.id, u.server, u.access_token_encrypted, u.scopes,
           u.window_seconds, u.call_limit, u.call_reserve, u.light_limit
    FROM messages m
    JOIN senders s ON s.id = m.sender_id AND s.state = 'ready'
    JOIN provider_users u ON u.id = $4 AND (u.paused_until IS NULL OR u.paused_until <= $6)
        AND u.access_token_encrypted IS NOT NULL AND u.token_expires_at > $6 + $8::interval
    WHERE m.shop_id = $1 AND m.id = $2 AND m.fence = $3 AND m.state = 'sending'
      AND NOT ($9 AND EXISTS (
          SELECT 1 FROM suppressions p WHERE p.shop_id = $1 AND p.phone_hash = $10 AND p.lifted_at IS NULL
      ))
    FOR UPDATE OF m
), kept AS (
    UPDATE pace_slots SET taken_at = $6 FROM free
    WHERE pace_slots.id = $5 AND pace_slots.taken_at > $6 - $7::interval
    RETURNING pace_slots.id
)
UPDATE messages m
SET phone_hash = $10, phone_encrypted = $11, text_encrypted = $12, sent_text_encrypted = $13, locale = $14,
    segments = $15, checks = $16::jsonb, called_at = $6, lease_until = $17,
    order_name = coalesce($18, m.order_name), customer_id = coalesce($19, m.customer_id)
FROM free, kept
WHERE m.id = free.id
RETURNING free.*
"""


async def fence_at_once(deps: Deps, held: Claimed, ready: Go, *, lease: timedelta) -> Access | None:
    """What the call needs, with everything committed; None when nothing was written."""
    slower = ready.agreement is not None or ready.daily_cap is not None
    if slower or is_told_to_pause(deps, held.provider_user_id):
        return None
    now, message, composed, facts = deps.clock(), held.message, ready.composed, ready.facts
    row = await deps.db.pool.fetchrow(
        FENCE,
        message.shop_id,
        message.id,
        message.fence,
        held.provider_user_id,
        held.slot,
        now,
        LONGEST_WAY,
        RENEW_BEFORE,
        heeds_opt_out(message),
        deps.vault.fingerprint(ready.phone),
        deps.vault.encrypt(ready.phone),
        deps.vault.encrypt(composed.logged),
        deps.vault.encrypt(composed.text),
        composed.locale,
        composed.segments,
        json.dumps(message.checks),
        now + lease,
        (facts.name or None) if facts is not None else None,
        (facts.customer_id or None) if facts is not None else None,
    )
    if row is None:
        return None
    message.called_at = now
    held.limits = Limits(row["window_seconds"], row["call_limit"], row["call_reserve"], row["light_limit"])
    scopes = frozenset(row["scopes"].split()) if row["scopes"] else None
    return Access(row["server"], deps.vault.decrypt(row["access_token_encrypted"]), scopes)


def heeds_opt_out(message: Message) -> bool:
    kind = kinds.find(message.kind)
    return kind is None or kind.heeds_suppression
