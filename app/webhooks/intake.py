"""Stores webhook calls in groups: concurrent calls share one insert, one commit and one NOTIFY.

Each caller is answered only after *its* row is committed. There is no timer: a group is whatever arrived while the
previous group was being written, so an idle server stores a single call at once. A NOTIFY in each transaction would
serialise all commits of the database. When too many calls wait, new ones are refused at once: Shopify repeats
a quick 503, while a time-out costs it and us five seconds.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from app.core.crypto import Vault
from app.core.log import get_logger

log = get_logger(__name__)

CHANNEL = "deliveries"
GROUP_SIZE = 64
MOST_WAITING = 4000
FLUSHES_IN_FLIGHT = 2

INSERT = """
WITH arrived AS (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
        $7::timestamptz[], $8::timestamptz[], $9::bytea[]
    ) AS t(source, webhook_id, shop_domain, provider_user_id, topic, event_id, triggered_at, received_at, body_sealed)
), stored AS (
    INSERT INTO deliveries (
        source, webhook_id, lane, shop_id, shop_domain, provider_user_id, topic, event_id, triggered_at, received_at, body_sealed
    )
    SELECT a.source, a.webhook_id, coalesce(s.id, -a.provider_user_id, 0), s.id, a.shop_domain, a.provider_user_id, a.topic,
           a.event_id, a.triggered_at, a.received_at, a.body_sealed
    FROM arrived a LEFT JOIN shops s ON s.domain = a.shop_domain
    ON CONFLICT (source, webhook_id) DO NOTHING
    RETURNING 1
)
SELECT count(*), pg_notify($10, '') FROM stored
"""


class Overloaded(Exception):
    """More calls wait to be stored than can be answered in time."""


@dataclass(slots=True)
class Arrived:
    """One call, proven. *provider_user_id* is set for RingCentral's, *shop_domain* for Shopify's."""

    source: str
    webhook_id: str
    shop_domain: str
    provider_user_id: int | None
    topic: str
    event_id: str
    triggered_at: datetime | None
    received_at: datetime
    body: bytes = field(repr=False)


class Intake:
    """Started and stopped with the web process."""

    def __init__(self, pool: asyncpg.Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault
        self._waiting: list[tuple[Arrived, asyncio.Future[None]]] = []
        self._flushes: set[asyncio.Task[None]] = set()

    async def store(self, arrived: Arrived) -> None:
        """Returns once the call is committed, or was stored before. Raises `Overloaded`, or the database's error."""
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrived, done))
        if len(self._flushes) < FLUSHES_IN_FLIGHT:
            flush = asyncio.create_task(self._flush())
            self._flushes.add(flush)
            flush.add_done_callback(self._flushes.discard)
        await done

    async def close(self) -> None:
        await asyncio.gather(*self._flushes, return_exceptions=True)

    async def _flush(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_SIZE], self._waiting[GROUP_SIZE:]
            try:
                await self._insert([arrived for arrived, _ in group])
            except Exception as error:
                await self._one_by_one(group, error)
            else:
                for _, done in group:
                    _settle(done)

    async def _one_by_one(self, group: list[tuple[Arrived, "asyncio.Future[None]"]], error: Exception) -> None:
        """One bad row must not cost the others their answer."""
        log.warning("intake.group_failed", rows=len(group), error=type(error).__name__)
        for arrived, done in group:
            try:
                await self._insert([arrived])
            except Exception as own:
                _settle(done, own)
            else:
                _settle(done)

    async def _insert(self, calls: list[Arrived]) -> None:
        await self._pool.execute(
            INSERT,
            [call.source for call in calls],
            [call.webhook_id for call in calls],
            [call.shop_domain for call in calls],
            [call.provider_user_id for call in calls],
            [call.topic for call in calls],
            [call.event_id for call in calls],
            [call.triggered_at for call in calls],
            [call.received_at for call in calls],
            [self._vault.seal(call.body) for call in calls],
            CHANNEL,
        )


def open_body(vault: Vault, sealed: bytes) -> bytes:
    return vault.open(sealed)


def _settle(done: "asyncio.Future[None]", error: Exception | None = None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
