"""The ledger's proof: every event carries a hash over its fields and over the hash of the event before it.

What is hashed survives an erasure: of phone, words and address only keyed fingerprints go in, never the text nor its
ciphertext, so keys may be rotated and a customer redacted without breaking a link. The canonical form is JSON with
sorted keys and no blanks, times in UTC with microseconds, bytes as hex; SHA-256, so that whoever holds an evidence
file can compute each link again without this program.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentChain, ConsentEvent
from app.core.crypto import Undecipherable
from app.deps import Deps

GENESIS: Final = b"\0" * 32
PROVEN: Final = (
    "seq",
    "shop_id",
    "phone_hash",
    "at",
    "recorded_at",
    "change",
    "source",
    "method",
    "words_hash",
    "address_hash",
    "wording",
    "rule",
    "matcher_version",
    "actor",
    "state_before",
    "state_after",
    "confirmation",
    "covered_sender_id",
)
"""The fields below the hash; the database refuses to change them."""
READABLE: Final = ("phone_encrypted", "words_encrypted", "address_encrypted")
BATCH: Final = 1000
CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Verification:
    """*broken_at* is the sequence number of the first event that does not hold; *problem* says why."""

    intact: bool
    events: int
    head: str
    broken_at: int | None = None
    problem: str | None = None


def proven_fields(event: ConsentEvent | Row[Any]) -> dict[str, Any]:
    """What is hashed, as it is hashed."""
    return {name: _plain(getattr(event, name)) for name in PROVEN}


def link(previous_hash: bytes, fields: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(previous_hash + CANONICAL(dict(fields)).encode()).digest()


def words_fingerprint(deps: Deps, phone_hash: bytes, words: str) -> bytes:
    """Bound to the phone: the same words of two people do not look alike."""
    return deps.vault.fingerprint(f"{phone_hash.hex()}/{words}")


async def append(session: AsyncSession, event: ConsentEvent) -> None:
    """Number and hash *event* and add it. The chain's row stays locked until the transaction ends."""
    await session.execute(
        insert(ConsentChain).values(shop_id=event.shop_id, seq=0, head=GENESIS).on_conflict_do_nothing()
    )
    seq, head = (
        await session.execute(
            select(ConsentChain.seq, ConsentChain.head).where(ConsentChain.shop_id == event.shop_id).with_for_update()
        )
    ).one()
    event.seq, event.previous_hash = seq + 1, head
    event.hash = link(head, proven_fields(event))
    session.add(event)
    await session.flush()
    await session.execute(
        update(ConsentChain).where(ConsentChain.shop_id == event.shop_id).values(seq=event.seq, head=event.hash)
    )


async def verify_chain(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    *,
    only_words_of: bytes | None = None,
    tell: Callable[[float], None] = lambda share: None,
) -> Verification:
    """Compute every link of a shop's chain again, and compare readable words with their fingerprints.

    *only_words_of*: deciphering is the dear part, so the evidence of one phone reads the words of that phone alone.
    *tell* hears from time to time how much of the chain has been verified, up to 1.
    """
    # The end is read first: what is recorded meanwhile is left to the next verification.
    end = await session.get(ConsentChain, shop_id, populate_existing=True)
    last, last_hash = (0, GENESIS) if end is None else (end.seq, end.head)
    seq, head = 0, GENESIS
    while batch := await _after(session, shop_id, seq, last):
        # Fifty thousand links take seconds to compute, which other requests must not wait for.
        fault = await asyncio.to_thread(_first_fault, deps, batch, seq, head, only_words_of)
        if fault is not None:
            place, problem = fault
            if place:
                seq, head = batch[place - 1].seq, batch[place - 1].hash
            return Verification(False, seq, head.hex(), batch[place].seq, problem)
        seq, head = batch[-1].seq, batch[-1].hash
        tell(seq / last)
    if (seq, head) != (last, last_hash):
        return Verification(False, seq, head.hex(), seq + 1, "Events at the end of the chain are missing.")
    return Verification(True, seq, head.hex())


def _first_fault(
    deps: Deps, batch: Sequence[Row[Any]], seq: int, head: bytes, only_words_of: bytes | None
) -> tuple[int, str] | None:
    """(place in the batch, problem) of the first event that does not hold after *seq* with its hash *head*."""
    for place, event in enumerate(batch):
        readable = only_words_of is None or event.phone_hash == only_words_of
        problem = _fault(deps, event, seq + 1, head, readable=readable)
        if problem is not None:
            return place, problem
        seq, head = event.seq, event.hash
    return None


def _fault(deps: Deps, event: Row[Any], seq: int, head: bytes, *, readable: bool) -> str | None:
    if event.seq != seq:
        return "An event is missing before this one."
    if event.previous_hash != head or event.hash != link(head, proven_fields(event)):
        return "The event was changed after it was recorded."
    if readable and not _matches(deps, event):
        return "The phone or the words are not those that were recorded."
    return None


def _matches(deps: Deps, event: Row[Any]) -> bool:
    """What is still readable has to be what was fingerprinted; what was erased cannot be compared."""
    try:
        phone = None if event.phone_encrypted is None else deps.vault.decrypt(event.phone_encrypted)
        words = None if event.words_encrypted is None else deps.vault.decrypt(event.words_encrypted)
        address = None if event.address_encrypted is None else deps.vault.decrypt(event.address_encrypted)
    except Undecipherable:
        return False
    return (
        (phone is None or deps.vault.fingerprint(phone) == event.phone_hash)
        and (words is None or words_fingerprint(deps, event.phone_hash, words) == event.words_hash)
        and (address is None or words_fingerprint(deps, event.phone_hash, address) == event.address_hash)
    )


async def _after(session: AsyncSession, shop_id: int, seq: int, last: int) -> Sequence[Row[Any]]:
    """Rows and not objects, which would take longer to make than to verify."""
    query = (
        select(*(getattr(ConsentEvent, name) for name in (*PROVEN, "previous_hash", "hash", *READABLE)))
        .where(ConsentEvent.shop_id == shop_id, ConsentEvent.seq > seq, ConsentEvent.seq <= last)
        .order_by(ConsentEvent.seq)
        .limit(BATCH)
    )
    return (await session.execute(query)).all()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value
