"""Which change of a message's state is allowed. The same table stands in docs/architecture.md; a test compares them.

Every change is compare-and-set: it names the states it may start from, and does nothing when the row is elsewhere by
then. Late news therefore can never move a status backwards.
"""

from app.messages.models import MessageState as S

TRANSITIONS: dict[S, frozenset[S]] = {
    # Straight to ACCEPTED: the late answer of an attempt that had been given up for lost.
    S.QUEUED: frozenset({S.SENDING, S.ACCEPTED, S.SKIPPED, S.EXPIRED, S.CANCELLED}),
    S.SENDING: frozenset({S.ACCEPTED, S.QUEUED, S.SKIPPED, S.EXPIRED, S.CANCELLED, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.ACCEPTED, S.QUEUED, S.FAILED, S.EXPIRED}),
    S.ACCEPTED: frozenset({S.SENT, S.DELIVERED, S.FAILED}),
    S.SENT: frozenset({S.DELIVERED, S.FAILED}),
    S.DELIVERED: frozenset(),
    # These ends are left again only by the merchant's "resend", and once by a passing fault on the way.
    S.FAILED: frozenset({S.QUEUED}),
    S.SKIPPED: frozenset({S.QUEUED}),
    S.EXPIRED: frozenset({S.QUEUED}),
    S.CANCELLED: frozenset({S.QUEUED}),
}

ENDS = frozenset({S.DELIVERED, S.FAILED, S.SKIPPED, S.EXPIRED, S.CANCELLED})
