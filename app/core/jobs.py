"""Background jobs on PostgreSQL, behind four words: `enqueue`, `job`, `run_jobs`, `held_jobs`.

PgQueuer does the queueing; nothing else in the app knows it. A job carries one id and is queued in the transaction
that makes it necessary. State lives in our own rows, so losing the whole job table loses no message. A job ends in
one of four ways: it returns (done), raises `Snooze` (not counted as an attempt), raises anything else (tried again
with growing pauses, then held), or raises `Discard` with a reason.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Database, driver_connection
from app.core.log import get_logger

log = get_logger(__name__)

Handler = Callable[[Any, str], Awaitable[None]]
"""`async def handler(deps, id)`: jobs carry one id as text."""

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=15)
HEARTBEAT_TIMEOUT = timedelta(seconds=30)
JOBS_AT_ONCE = 100
"""Places for jobs in one process, shared by all shops."""
GIVE_UP_KEY = "UPDATE pgqueuer SET dedupe_key = NULL WHERE id = $1 AND dedupe_key IS NOT NULL RETURNING id"


class Snooze(Exception):
    """Come back later; this was not a failure. A job that was queued *once* keeps others of its id away meanwhile."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"snoozed for {delay}")
        self.delay = delay


class Discard(Exception):
    """This job can never succeed; *reason* is logged."""


@dataclass(frozen=True)
class Declared:
    name: str
    handler: Handler
    attempts: int


@dataclass(frozen=True)
class Recurring:
    name: str
    period: timedelta
    run: Callable[[Any], Awaitable[None]]


@dataclass
class JobRegistry:
    """All jobs by name. Names are stored in the database, so they are written out and never derived."""

    jobs: dict[str, Declared] = field(default_factory=dict)
    recurring: dict[str, Recurring] = field(default_factory=dict)


registry = JobRegistry()


def job(name: str, *, attempts: int = 12) -> Callable[[Handler], Handler]:
    """Declare a job. After *attempts* failures it is held for a person to look at."""

    def declare(handler: Handler) -> Handler:
        if name in registry.jobs:
            raise RuntimeError(f"Two jobs are named {name!r}.")
        registry.jobs[name] = Declared(name, handler, attempts)
        return handler

    return declare


def every(
    period: timedelta, name: str
) -> Callable[[Callable[[Any], Awaitable[None]]], Callable[[Any], Awaitable[None]]]:
    """Declare something that one process of all runs once each *period*."""

    def declare(run: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        if name in registry.recurring:
            raise RuntimeError(f"Two recurring jobs are named {name!r}.")
        registry.recurring[name] = Recurring(name, period, run)
        return run

    return declare


async def enqueue(
    session: AsyncSession,
    name: str,
    ids: Sequence[str | int],
    *,
    delay: timedelta | None = None,
    priority: int = 0,
    once: bool = False,
) -> None:
    """Queue one job for each id in the session's transaction. With *once*, an id that already waits is skipped."""
    if not ids:
        return
    texts = [str(each) for each in ids]
    await Queries(AsyncpgDriver(await driver_connection(session))).enqueue(
        [name] * len(texts),
        [text.encode() for text in texts],
        [priority] * len(texts),
        [delay or timedelta(0)] * len(texts),
        [f"{name}:{text}" if once else None for text in texts],
        on_conflict="skip",
    )


async def run_jobs(database: Database, deps: object, *, started: Callable[[QueueManager], None] | None = None) -> None:
    """Work jobs until the manager that *started* receives is shut down."""
    manager = QueueManager(Queries(AsyncpgPoolDriver(database.pool)))
    for declared in registry.jobs.values():
        manager.entrypoint(declared.name, on_failure="hold", accepts_context=False)(_runner(database, deps, declared))
    if started is not None:
        started(manager)
    await manager.run(
        dequeue_timeout=timedelta(seconds=1),
        batch_size=20,
        mode=QueueExecutionMode.continuous,
        max_concurrent_tasks=JOBS_AT_ONCE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        log_aggregation_interval=timedelta(minutes=1),
    )


async def run_due_jobs(database: Database, deps: object) -> int:
    """Work the jobs that are due now, and those that they queue, then stop. Answers how many were due at first."""
    due = await _unfinished(database)
    if not due:
        return 0
    managers: list[QueueManager] = []
    working = asyncio.create_task(run_jobs(database, deps, started=managers.append))
    try:
        while not working.done() and await _unfinished(database):  # noqa: ASYNC110  # the state is the database's
            await asyncio.sleep(0.01)
    finally:
        for manager in managers:
            manager.shutdown.set()
        await working
    return due


async def _unfinished(database: Database) -> int:
    """Jobs that are due or in hand; those that wait for a later moment do not count."""
    query = "SELECT count(*) FROM pgqueuer WHERE status = 'picked' OR (status = 'queued' AND execute_after <= now())"
    return int(await database.pool.fetchval(query))


async def held_jobs(database: Database) -> int:
    """How many jobs failed for good and wait for a person."""
    return int(await database.pool.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'failed'"))


def _runner(database: Database, deps: object, declared: Declared) -> Callable[[Job], Awaitable[None]]:
    async def run(picked: Job) -> None:
        identity = (picked.payload or b"").decode()
        try:
            await _run_once(database, deps, declared, identity, picked.id)
        except Discard as reason:
            log.warning("job.discarded", job=declared.name, id=identity, reason=str(reason))
        except Exception as error:
            # The stored traceback of a library is the place where secrets end up, so only the error's class travels.
            log.exception("job.failed", job=declared.name, id=identity, attempt=picked.attempts)
            # PgQueuer holds a job whose next try it cannot write down, so a database that is away is waited for.
            await _until_answering(database)
            if picked.attempts + 1 < declared.attempts:
                raise RetryRequested(delay=_pause(picked.attempts), reason=type(error).__name__) from None
            raise GaveUp(f"{declared.name} gave up after {declared.attempts} attempts") from None

    return run


async def _run_once(database: Database, deps: object, declared: Declared, identity: str, picked_id: int) -> None:
    try:
        await declared.handler(deps, identity)
    except Snooze as snooze:
        async with database.transaction() as session:
            # The key goes over to the job that comes back: nobody who queues it *once* adds another meanwhile.
            once = await (await driver_connection(session)).fetchval(GIVE_UP_KEY, picked_id) is not None
            await enqueue(session, declared.name, [identity], delay=snooze.delay, once=once)


async def _until_answering(database: Database) -> None:
    while True:
        try:
            await database.pool.fetchval("SELECT 1", timeout=10)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.5)
        else:
            return


class GaveUp(Exception):
    """The job used all its attempts; it is held."""


def _pause(attempt: int) -> timedelta:
    pause = min(FIRST_PAUSE * 2 ** min(attempt, 12), LONGEST_PAUSE)
    return timedelta(seconds=pause.total_seconds() * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, not a secret
