"""Who may send now, and taking messages for it: the two statements that every worker runs all day.

Both are written by hand, so that they meet the partial index `ix_messages_due` and stay as cheap with ten million
messages as with ten. A claim locks the RingCentral users first (SKIP LOCKED), so that of all processes one counts the
calls of a user's minute at a time; the message rows are locked one by one and looked at again. The texts of a user are
in the hands of one process at a time, so that a 429 stops the next call before it leaves, whoever got it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.sql import MOMENT, NUMBER, NUMBERS, SPAN, WORDS, typed
from app.messages.kinds import kinds
from app.messages.models import Message
from app.shops.models import Sender, Shop
from app.shops.pace import KEPT_FOR_READING, LONGEST_CALL, MOST_A2P, Limits

FIRST = 0
"""The priority of replies to keywords: they pass in front, and may use the reserve."""
STILL_ALIVE = timedelta(seconds=15)
"""What is left at least of a lease whose process lives: it is renewed to forty seconds every ten."""
COUNTED = 50
"""Due messages are counted up to here: enough to know that a user has more than a minute's worth."""

# The senders that have anything queued are found by a loose index scan: one look per sender, however long its queue.
DUE_USERS = typed(
    """
WITH RECURSIVE waiting AS (
    (SELECT sender_id FROM messages WHERE state = 'queued' AND sender_id IS NOT NULL ORDER BY sender_id LIMIT 1)
    UNION ALL
    SELECT (SELECT m.sender_id FROM messages m
            WHERE m.state = 'queued' AND m.sender_id > waiting.sender_id ORDER BY m.sender_id LIMIT 1)
    FROM waiting WHERE waiting.sender_id IS NOT NULL
)
SELECT u.id, u.call_limit, sum(queued.due)::bigint AS due, bool_or(queued.priority = :first) AS replying
FROM waiting
JOIN senders s ON s.id = waiting.sender_id AND s.state = 'ready' AND (s.paused_until IS NULL OR s.paused_until <= :now)
JOIN provider_users u ON u.id = s.provider_user_id AND (u.paused_until IS NULL OR u.paused_until <= :now)
CROSS JOIN LATERAL (
    SELECT p.priority, (
        SELECT count(*) FROM (
            SELECT 1 FROM messages m
            WHERE m.state = 'queued' AND m.sender_id = s.id AND m.priority = p.priority AND m.due_at <= :now
            ORDER BY m.due_at LIMIT :counted
        ) counted
    ) AS due
    FROM unnest(:priorities) AS p(priority)
    WHERE p.priority = :first OR u.next_free_at IS NULL OR u.next_free_at <= :now
) queued
WHERE queued.due > 0
GROUP BY u.id, u.call_limit
""",
    now=MOMENT,
    first=NUMBER,
    counted=NUMBER,
    priorities=NUMBERS,
)

LOCK_USERS = typed(
    """
SELECT id FROM provider_users
WHERE id = ANY(:users) AND (paused_until IS NULL OR paused_until <= :now)
ORDER BY id FOR UPDATE SKIP LOCKED
""",
    users=NUMBERS,
    now=MOMENT,
)

# RingCentral counts the texts of a transport to one of its groups of calls, so each group of a user is counted apart.
# A text about an order waits while another about it is in hand or due before it, so that "fulfilled" never overtakes
# "confirmed". Two shops on one RingCentral user take turns, message by message.
CLAIM = typed(
    """
WITH asked AS (
    SELECT * FROM unnest(:users, :most) AS a(user_id, most)
    WHERE NOT EXISTS (
        SELECT 1 FROM senders s JOIN messages m ON m.sender_id = s.id AND m.state = 'sending'
        WHERE s.provider_user_id = a.user_id AND m.held_by <> :holder AND m.lease_until > :now + :still_alive
    )
), roads AS (
    SELECT DISTINCT s.provider_user_id AS user_id, s.transport FROM asked
    JOIN senders s ON s.provider_user_id = asked.user_id AND s.state = 'ready'
), pace AS (
    SELECT u.id AS user_id, roads.transport, asked.most, make_interval(secs => u.window_seconds) AS span,
           CASE roads.transport WHEN 'a2p' THEN 'light' ELSE 'medium' END AS call_group,
           CASE roads.transport WHEN 'a2p' THEN least(u.light_limit - :kept_for_reading, :most_a2p)
                ELSE u.call_limit END AS call_limit,
           CASE roads.transport WHEN 'a2p' THEN 0 ELSE u.call_reserve END AS call_reserve,
           count(p.id) AS used, min(p.answered_at) AS first_answer
    FROM asked JOIN provider_users u ON u.id = asked.user_id JOIN roads ON roads.user_id = u.id
    LEFT JOIN pace_slots p ON p.provider_user_id = u.id
        AND p.call_group = CASE roads.transport WHEN 'a2p' THEN 'light' ELSE 'medium' END
        AND (
            p.answered_at > :now - make_interval(secs => u.window_seconds)
            OR p.answered_at IS NULL
               AND p.taken_at > :now - make_interval(secs => u.window_seconds) - :longest_call
        )
    GROUP BY u.id, roads.transport, asked.most
), due AS (
    SELECT pace.user_id, pace.transport, m.id, m.priority, m.due_at,
           row_number() OVER (PARTITION BY s.id ORDER BY m.priority, m.due_at, m.id) AS place
    FROM pace
    JOIN senders s ON s.provider_user_id = pace.user_id AND s.transport = pace.transport AND s.state = 'ready'
         AND (s.paused_until IS NULL OR s.paused_until <= :now)
    CROSS JOIN unnest(:priorities) AS p(priority)
    CROSS JOIN LATERAL (
        SELECT q.id, q.priority, q.due_at FROM messages q
        WHERE q.state = 'queued' AND q.sender_id = s.id AND q.priority = p.priority AND q.due_at <= :now
          AND (q.order_id IS NULL OR NOT EXISTS (
              SELECT 1 FROM messages h
              WHERE h.shop_id = q.shop_id AND h.order_id = q.order_id AND h.sender_id = q.sender_id
                AND h.state IN ('queued', 'sending', 'unknown')
                AND (h.state <> 'queued' OR h.id < q.id AND h.due_at <= :now)
          ))
        ORDER BY q.due_at, q.id LIMIT pace.most
    ) m
), ranked AS (
    SELECT due.user_id, due.transport, due.id, due.priority,
           row_number() OVER (PARTITION BY user_id, transport ORDER BY (priority > :first), place, due_at, id) AS turn
    FROM due
), chosen AS (
    SELECT ranked.user_id, pace.call_group, ranked.id, ranked.turn FROM ranked JOIN pace USING (user_id, transport)
    WHERE ranked.turn <= pace.most
      AND pace.used + ranked.turn
          <= pace.call_limit + CASE WHEN ranked.priority = :first THEN pace.call_reserve ELSE 0 END
), locked AS (
    SELECT m.id FROM messages m
    WHERE m.id IN (SELECT id FROM chosen) AND m.state = 'queued'
    ORDER BY m.id FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE messages m
    SET state = 'sending', fence = m.fence + 1, attempts = m.attempts + 1, called_at = NULL,
        held_by = :holder, lease_until = :now + :lease, updated_at = :now
    FROM locked WHERE m.id = locked.id AND m.state = 'queued'
    RETURNING m.id, m.shop_id
), recorded AS (
    INSERT INTO message_transitions (message_id, shop_id, at, from_state, to_state, cause)
    SELECT id, shop_id, :now, 'queued', 'sending', 'claimed' FROM claimed
), slots AS (
    INSERT INTO pace_slots (provider_user_id, call_group, message_id, taken_at)
    SELECT chosen.user_id, chosen.call_group, claimed.id, :now FROM claimed JOIN chosen USING (id)
    RETURNING id, provider_user_id, call_group, message_id
), next AS (
    SELECT pace.user_id, CASE WHEN bool_and(pace.used + coalesce(taken.count, 0) >= pace.call_limit)
                              THEN min(coalesce(pace.first_answer, :now) + pace.span) END AS free_at
    FROM pace LEFT JOIN (
        SELECT provider_user_id AS user_id, call_group, count(*) FROM slots GROUP BY 1, 2
    ) taken USING (user_id, call_group)
    GROUP BY pace.user_id
), filled AS (
    UPDATE provider_users u SET next_free_at = next.free_at FROM next WHERE u.id = next.user_id
)
SELECT slots.message_id, slots.id AS slot_id, slots.provider_user_id, chosen.turn
FROM slots JOIN chosen ON chosen.id = slots.message_id ORDER BY chosen.turn
""",
    users=NUMBERS,
    most=NUMBERS,
    now=MOMENT,
    holder=WORDS,
    still_alive=SPAN,
    lease=SPAN,
    longest_call=SPAN,
    kept_for_reading=NUMBER,
    most_a2p=NUMBER,
    first=NUMBER,
    priorities=NUMBERS,
)


@dataclass(frozen=True, slots=True)
class DueUser:
    """A RingCentral user with something to send. *backlog*: more than a minute's worth. *replying*: a reply waits."""

    user_id: int
    due: int
    backlog: bool
    replying: bool


@dataclass(slots=True)
class Claimed:
    """A message in the hands of this process, with the slot of its call. *limits*: the user's, as the fence saw.

    *seen*: its shop and number, as they were at the claim; None once that was a while ago.
    """

    message: Message
    provider_user_id: int
    slot: int
    limits: Limits | None = None
    seen: tuple[Shop, Sender] | None = None


async def users_with_due_messages(session: AsyncSession, now: datetime) -> list[DueUser]:
    """Users that may send now and have something to send, in no order. Users without a free call are left out."""
    values = {"now": now, "first": FIRST, "counted": COUNTED, "priorities": _priorities()}
    return [
        DueUser(row.id, row.due, row.due > row.call_limit, row.replying)
        for row in await session.execute(DUE_USERS, values)
    ]


async def claim_due(
    session: AsyncSession, wanted: dict[int, int], *, holder: str, now: datetime, lease: timedelta
) -> list[Claimed]:
    """Take due messages of the users in *wanted*, of each transport at most so many, never more than calls are free.

    Replies come first, then the shops of the user in turn, each of them oldest first. Nothing is taken of a user whose
    texts another *holder* has in hand.
    """
    locked = list(await session.scalars(LOCK_USERS, {"users": list(wanted), "now": now}))
    if not locked:
        return []
    values = {
        "users": locked,
        "most": [wanted[user_id] for user_id in locked],
        "now": now,
        "holder": holder,
        "still_alive": STILL_ALIVE,
        "lease": lease,
        "longest_call": LONGEST_CALL,
        "kept_for_reading": KEPT_FOR_READING,
        "most_a2p": MOST_A2P,
        "first": FIRST,
        "priorities": _priorities(),
    }
    rows = (await session.execute(CLAIM, values)).all()
    loaded = await _load(session, [row.message_id for row in rows])
    return [
        Claimed(message, row.provider_user_id, row.slot_id, seen=(shop, sender))
        for row in rows
        for message, shop, sender in [loaded[row.message_id]]
    ]


async def _load(session: AsyncSession, ids: Sequence[int]) -> dict[int, tuple[Message, Shop, Sender]]:
    if not ids:
        return {}
    query = (
        select(Message, Shop, Sender)
        .join(Shop, Shop.id == Message.shop_id)
        .join(Sender, Sender.id == Message.sender_id)
        .where(Message.id.in_(ids))
        .execution_options(populate_existing=True)
    )
    rows = await session.execute(query)
    return {message.id: (message, shop, sender) for message, shop, sender in rows}


def _priorities() -> list[int]:
    """Every priority that a kind of text has; each has its own stretch of the index."""
    return sorted({FIRST, *(kind.priority for kind in kinds.kinds.values())})
