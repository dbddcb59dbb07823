"""All SQL about suppressions and consent events; the shop always comes first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentEvent, ConsentPolicy, OptInRequest, PublicRequest, Suppression
from app.core.errors import NotFound

DECISIONS = ("opt_out", "opt_in")
"""Changes that are told outward; the newest of them is what the outside has to know."""


async def is_suppressed(session: AsyncSession, shop_id: int, phone_hash: bytes) -> bool:
    """Opted out, or held until staff decide."""
    return await find_suppression(session, shop_id, phone_hash) is not None


async def suppressed_among(session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes]) -> set[bytes]:
    """Those of *phone_hashes* that opted out, or are held until staff decide."""
    query = select(Suppression.phone_hash).where(
        Suppression.shop_id == shop_id, Suppression.phone_hash.in_(phone_hashes), Suppression.lifted_at.is_(None)
    )
    return set(await session.scalars(query))


async def find_suppression(session: AsyncSession, shop_id: int, phone_hash: bytes) -> Suppression | None:
    query = select(Suppression).where(
        Suppression.shop_id == shop_id, Suppression.phone_hash == phone_hash, Suppression.lifted_at.is_(None)
    )
    return await session.scalar(query.execution_options(populate_existing=True))


async def lock_phone(session: AsyncSession, shop_id: int, phone_hash: bytes) -> None:
    """One look at this phone of this shop at a time, until the transaction ends."""
    key = int.from_bytes(phone_hash[:8], "big", signed=True) ^ shop_id
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def note_blocking(session: AsyncSession, shop_id: int, phone_hash: bytes, until: datetime | None) -> None:
    """The provider's list is being written; None: it has been, or could not be."""
    await session.execute(
        update(Suppression)
        .where(Suppression.shop_id == shop_id, Suppression.phone_hash == phone_hash)
        .values(blocking_until=until)
    )


async def lifted_at(session: AsyncSession, shop_id: int, phone_hash: bytes) -> datetime | None:
    """When this phone last opted in again; None while it is suppressed, or when it never was."""
    query = select(Suppression.lifted_at).where(Suppression.shop_id == shop_id, Suppression.phone_hash == phone_hash)
    return await session.scalar(query)


async def suppress(
    session: AsyncSession, shop_id: int, phone_hash: bytes, phone_encrypted: bytes, *, since: datetime, held: bool
) -> None:
    """Put the phone on the list, or back on it. A full opt-out replaces a mere hold, never the other way round; an
    opt-out that is repeated keeps the day it began."""
    row = insert(Suppression).values(
        shop_id=shop_id, phone_hash=phone_hash, phone_encrypted=phone_encrypted, since=since, held=held
    )
    begins = Suppression.lifted_at.is_not(None) | (Suppression.held & ~row.excluded.held)
    again = row.on_conflict_do_update(
        index_elements=["shop_id", "phone_hash"],
        set_={
            "since": case((begins, row.excluded.since), else_=Suppression.since),
            "held": row.excluded.held & (Suppression.held | Suppression.lifted_at.is_not(None)),
            "lifted_at": None,
            "phone_encrypted": row.excluded.phone_encrypted,
        },
    )
    await session.execute(again)


async def lift_suppression(
    session: AsyncSession, shop_id: int, phone_hash: bytes, at: datetime, *, held: bool = False
) -> bool:
    """False when the phone was not suppressed. *held*: only where it was merely held."""
    query = update(Suppression).where(
        Suppression.shop_id == shop_id, Suppression.phone_hash == phone_hash, Suppression.lifted_at.is_(None)
    )
    if held:
        query = query.where(Suppression.held)
    return await session.scalar(query.values(lifted_at=at).returning(Suppression.id)) is not None


async def get_held(session: AsyncSession, shop_id: int, suppression_id: int) -> Suppression:
    """Locked, so that two people decide it once."""
    found = await session.scalar(
        select(Suppression)
        .where(
            Suppression.shop_id == shop_id,
            Suppression.id == suppression_id,
            Suppression.held,
            Suppression.lifted_at.is_(None),
        )
        .with_for_update()
    )
    if found is None:
        raise NotFound("There is no such held number. Somebody may have decided already.")
    return found


async def held_rows(session: AsyncSession, shop_id: int, *, limit: int) -> list[Suppression]:
    query = select(Suppression).where(Suppression.shop_id == shop_id, Suppression.held, Suppression.lifted_at.is_(None))
    return list(await session.scalars(query.order_by(Suppression.since).limit(limit)))


async def count_held(session: AsyncSession, shop_id: int) -> int:
    query = select(func.count()).where(
        Suppression.shop_id == shop_id, Suppression.held, Suppression.lifted_at.is_(None)
    )
    return int(await session.scalar(query) or 0)


async def suppressed_rows(
    session: AsyncSession, shop_id: int, *, limit: int, before: tuple[datetime, int] | None = None
) -> list[Suppression]:
    """Newest first; *before*: since when and the id of the last one already seen."""
    query = select(Suppression).where(Suppression.shop_id == shop_id, Suppression.lifted_at.is_(None))
    if before is not None:
        query = query.where(tuple_(Suppression.since, Suppression.id) < before)
    return list(await session.scalars(query.order_by(Suppression.since.desc(), Suppression.id.desc()).limit(limit)))


async def longest_uncompared(
    session: AsyncSession, shop_id: int, *, limit: int, marked_since: datetime | None = None
) -> list[Suppression]:
    """Opt-outs whose three lists were compared longest ago, or never; before these, what was since *marked_since*."""
    query = select(Suppression).where(
        Suppression.shop_id == shop_id,
        Suppression.lifted_at.is_(None),
        Suppression.held.is_(False),
        Suppression.phone_encrypted.is_not(None),
    )
    if marked_since is not None:
        query = query.order_by(func.coalesce(Suppression.compared_at >= marked_since, False).desc())
    return list(
        await session.scalars(query.order_by(Suppression.compared_at.nulls_first(), Suppression.id).limit(limit))
    )


async def mark_compared(session: AsyncSession, ids: Sequence[int], at: datetime) -> None:
    await session.execute(update(Suppression).where(Suppression.id.in_(ids)).values(compared_at=at))


async def get_consent_event(session: AsyncSession, event_id: int) -> ConsentEvent:
    event = await session.get(ConsentEvent, event_id)
    if event is None:
        raise NotFound("There is no such consent event.")
    return event


async def latest_decision(session: AsyncSession, shop_id: int, phone_hash: bytes) -> ConsentEvent | None:
    """The newest opt-out or opt-in of this phone, wherever it came from."""
    query = select(ConsentEvent).where(
        ConsentEvent.shop_id == shop_id, ConsentEvent.phone_hash == phone_hash, ConsentEvent.change.in_(DECISIONS)
    )
    return await session.scalar(query.order_by(ConsentEvent.seq.desc()).limit(1))


async def latest_of_source(
    session: AsyncSession, shop_id: int, phone_hash: bytes, source: str, change: str | None = None
) -> ConsentEvent | None:
    query = select(ConsentEvent).where(
        ConsentEvent.shop_id == shop_id, ConsentEvent.phone_hash == phone_hash, ConsentEvent.source == source
    )
    if change is not None:
        query = query.where(ConsentEvent.change == change)
    return await session.scalar(query.order_by(ConsentEvent.seq.desc()).limit(1))


async def latest_wish_to_stop(session: AsyncSession, shop_id: int, phone_hash: bytes) -> ConsentEvent | None:
    """The newest opt-out that its owner asked for, by whatever road. What the provider's list says is no such wish: it
    may be learned of long after a START."""
    query = select(ConsentEvent).where(
        ConsentEvent.shop_id == shop_id,
        ConsentEvent.phone_hash == phone_hash,
        ConsentEvent.change == "opt_out",
        ConsentEvent.source != "provider",
    )
    return await session.scalar(query.order_by(ConsentEvent.seq.desc()).limit(1))


async def latest_of_each(
    session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes], changes: Sequence[str]
) -> dict[bytes, ConsentEvent]:
    """The newest event of one of *changes* for each phone, in one query."""
    query = select(ConsentEvent).where(
        ConsentEvent.shop_id == shop_id,
        ConsentEvent.phone_hash.in_(phone_hashes),
        ConsentEvent.change.in_(changes),
    )
    newest = query.ext(distinct_on(ConsentEvent.phone_hash)).order_by(ConsentEvent.phone_hash, ConsentEvent.seq.desc())
    return {event.phone_hash: event for event in await session.scalars(newest)}


async def latest_confirmed(
    session: AsyncSession, shop_id: int, phone_hash: bytes, *, by: Sequence[str], since: datetime
) -> ConsentEvent | None:
    """The newest STOP recorded after *since* that one of *by* confirms."""
    query = select(ConsentEvent).where(
        ConsentEvent.shop_id == shop_id,
        ConsentEvent.phone_hash == phone_hash,
        ConsentEvent.confirmation.in_(by),
        ConsentEvent.recorded_at > since,
    )
    return await session.scalar(query.order_by(ConsentEvent.seq.desc()).limit(1))


async def events_of(session: AsyncSession, shop_id: int, *, limit: int) -> list[ConsentEvent]:
    query = select(ConsentEvent).where(ConsentEvent.shop_id == shop_id)
    return list(await session.scalars(query.order_by(ConsentEvent.seq.desc()).limit(limit)))


async def events_of_phone(session: AsyncSession, shop_id: int, phone_hash: bytes) -> list[ConsentEvent]:
    query = select(ConsentEvent).where(ConsentEvent.shop_id == shop_id, ConsentEvent.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(ConsentEvent.seq)))


# --- questions that were asked, and what the shop declared ---


async def open_request(session: AsyncSession, shop_id: int, phone_hash: bytes, now: datetime) -> OptInRequest | None:
    query = select(OptInRequest).where(
        OptInRequest.shop_id == shop_id,
        OptInRequest.phone_hash == phone_hash,
        OptInRequest.answered_at.is_(None),
        OptInRequest.expires_at > now,
    )
    return await session.scalar(query)


async def ask_request(
    session: AsyncSession, shop_id: int, phone_hash: bytes, *, asked_at: datetime, expires_at: datetime, wording: str
) -> None:
    values = {"asked_at": asked_at, "expires_at": expires_at, "wording": wording, "answered_at": None}
    row = insert(OptInRequest).values(shop_id=shop_id, phone_hash=phone_hash, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["shop_id", "phone_hash"], set_=values))


async def answer_request(session: AsyncSession, shop_id: int, phone_hash: bytes, at: datetime) -> None:
    await session.execute(
        update(OptInRequest)
        .where(
            OptInRequest.shop_id == shop_id, OptInRequest.phone_hash == phone_hash, OptInRequest.answered_at.is_(None)
        )
        .values(answered_at=at)
    )


async def current_policy(session: AsyncSession, shop_id: int) -> ConsentPolicy | None:
    query = select(ConsentPolicy).where(ConsentPolicy.shop_id == shop_id)
    return await session.scalar(query.order_by(ConsentPolicy.id.desc()).limit(1))


async def count_public_use(
    session: AsyncSession, shop_id: int, address_hash: bytes, *, now: datetime, window: timedelta
) -> int:
    """Note one use of a form that is open to everybody; how many came from this address within *window*, with this one.

    Uses are forgotten after a day.
    """
    old = (PublicRequest.shop_id == shop_id, PublicRequest.at < now - timedelta(days=1))
    await session.execute(delete(PublicRequest).where(*old))
    session.add(PublicRequest(shop_id=shop_id, address_hash=address_hash, at=now))
    await session.flush()
    query = select(func.count()).where(
        PublicRequest.shop_id == shop_id, PublicRequest.address_hash == address_hash, PublicRequest.at > now - window
    )
    return int(await session.scalar(query) or 0)
