"""Stores webhook calls in groups: concurrent calls share one insert, one commit and one NOTIFY.

Each caller is answered only after *its* row is committed. There is no timer: a group is whatever arrived while the
previous group was being written, so an idle server stores a single call at once. A NOTIFY in each transaction would
serialise all commits of the database. When calls wait too long, or too many of them, new ones are refused at once:
Shopify repeats a quick 503, while a time-out costs it and us five seconds.

Bodies are compressed, then sealed. An order of 10 kB would fill six pieces of a side table, each with its index entry;
compressed it fits into its row, which halves the database's work and cuts what has to reach the disk to a fifth.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from app.core.compress import compress, decompress
from app.core.crypto import Vault
from app.core.log import get_logger

log = get_logger(__name__)

CHANNEL = "deliveries"
GROUP_SIZE = 64
MOST_WAITING = 4000
LONGEST_WAIT = 1.5
"""Seconds that the first in line may have waited when another is let in."""
FLUSH_DEADLINE = 2.5
"""Seconds for one group. Together with the wait it stays below the five that Shopify gives us."""
FLUSHES_IN_FLIGHT = 2

INSERT = """
WITH arrived AS (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
        $7::timestamptz[], $8::timestamptz[], $9::bytea[]
    ) AS t(source, webhook_id, shop_domain, provider_user_id, topic, event_id, triggered_at, received_at, body_sealed)
), stored AS (
    INSERT INTO deliveries (
        source, webhook_id, lane, shop_id, shop_domain, provider_user_id, topic, event_id,
        triggered_at, received_at, body_sealed
    )
    SELECT a.source, a.webhook_id, coalesce(s.id, -a.provider_user_id, 0), s.id, a.shop_domain, a.provider_user_id,
           a.topic, a.event_id, a.triggered_at, a.received_at, a.body_sealed
    FROM arrived a LEFT JOIN shops s ON s.domain = a.shop_domain
    ON CONFLICT (source, webhook_id) DO NOTHING
    RETURNING 1
)
SELECT count(*), pg_notify($10, '') FROM stored
"""


BAD_ROW = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.CharacterNotInRepertoireError)
"""The row's own fault; anything else is the database's, and would cost the rest of the group its time too."""


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


Waiting = tuple[Arrived, "asyncio.Future[None]", float]
"""A call, its answer, and since when it waits."""


class Intake:
    """Started and stopped with the web process."""

    def __init__(self, pool: asyncpg.Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault
        self._waiting: list[Waiting] = []
        self._flushes: set[asyncio.Task[None]] = set()

    async def store(self, arrived: Arrived) -> None:
        """Returns once the call is committed, or was stored before. Raises `Overloaded`, or the database's error."""
        loop, waiting = asyncio.get_running_loop(), self._waiting
        now = loop.time()
        if waiting and (len(waiting) >= MOST_WAITING or now - waiting[0][2] > LONGEST_WAIT):
            raise Overloaded
        done: asyncio.Future[None] = loop.create_future()
        waiting.append((arrived, done, now))
        if len(self._flushes) < FLUSHES_IN_FLIGHT:
            flush = loop.create_task(self._flush())
            self._flushes.add(flush)
            flush.add_done_callback(self._flushes.discard)
        await done

    async def close(self) -> None:
        await asyncio.gather(*self._flushes, return_exceptions=True)

    async def _flush(self) -> None:
        while self._waiting:
            group = self._waiting[:GROUP_SIZE]
            del self._waiting[:GROUP_SIZE]
            try:
                async with asyncio.timeout(FLUSH_DEADLINE):
                    await self._insert([arrived for arrived, _, _ in group])
            except BAD_ROW as error:
                await self._one_by_one(group, error)
            except Exception as error:  # noqa: BLE001  # whatever it was, each caller is told, and calls again
                log.error("intake.unavailable", rows=len(group), error=type(error).__name__)
                for _, done, _ in group:
                    _settle(done, error)
            else:
                for _, done, _ in group:
                    _settle(done)

    async def _one_by_one(self, group: list["Waiting"], error: Exception) -> None:
        """One bad row must not cost the others their answer."""
        log.warning("intake.group_failed", rows=len(group), error=type(error).__name__)
        for arrived, done, _ in group:
            try:
                async with asyncio.timeout(FLUSH_DEADLINE):
                    await self._insert([arrived])
            except Exception as own:  # noqa: BLE001  # handed to the one whom it concerns
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
            [self._vault.seal(compress(call.body)) for call in calls],
            CHANNEL,
        )


def open_body(vault: Vault, sealed: bytes) -> bytes:
    return decompress(vault.open(sealed))


def _settle(done: "asyncio.Future[None]", error: Exception | None = None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
