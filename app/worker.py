"""The worker process: pump, jobs, sender, statuses and recurring work, side by side until told to stop.

Any number of workers run on one database. What one of them leaves behind when it dies is picked up by the others.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
from pgqueuer.qm import QueueManager

from app.config import Settings
from app.core.jobs import registry, run_jobs
from app.core.log import get_logger
from app.core.memory import settle_memory
from app.core.recurring import SOON, give_turn_back, take_turns
from app.deps import Deps
from app.messages.dispatch import HEARTBEAT, OUTBOX, Dispatch
from app.messages.recover import resolve_unknown, sweep
from app.messages.status import read_due_statuses
from app.webhooks.intake import CHANNEL
from app.webhooks.jobs import pump
from app.wiring import open_deps

log = get_logger(__name__)

PUMP_NET = 1.0
"""Seconds between looks at the inbox when no NOTIFY comes."""
SENDER_NET = 0.25
AFTER_ERROR = 2.0


async def work(settings: Settings, database_url: str) -> None:
    """Run until SIGTERM or SIGINT, then finish what is in hand."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with open_deps(settings, database_url) as deps:
        settle_memory()
        await run_worker(deps, stop)


async def run_worker(deps: Deps, stop: asyncio.Event) -> None:
    arrived, dispatch = asyncio.Event(), Dispatch(deps)
    log.info("worker.started")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(deps, stop, {CHANNEL: arrived.set, OUTBOX: dispatch.look_now}))
        tasks.create_task(_run_jobs(deps, stop))
        tasks.create_task(_repeat(stop, lambda: pump(deps), wake=arrived, net=PUMP_NET))
        tasks.create_task(_pass_on(stop, deps.outbox_changed, dispatch))
        tasks.create_task(_repeat(stop, dispatch.turn, wake=dispatch.wake, net=SENDER_NET))
        tasks.create_task(_repeat(stop, dispatch.keep_leases, net=HEARTBEAT))
        tasks.create_task(_repeat(stop, lambda: resolve_unknown(deps), net=2.0))
        tasks.create_task(_repeat(stop, lambda: read_due_statuses(deps), net=1.0))
        tasks.create_task(_repeat(stop, lambda: _sweep(deps), net=5.0))
        tasks.create_task(_repeat(stop, lambda: run_recurring(deps), net=SOON / timedelta(seconds=1)))
    await dispatch.finish()
    log.info("worker.stopped")


async def _listen(deps: Deps, stop: asyncio.Event, wakes: dict[str, Callable[[], None]]) -> None:
    """NOTIFY is a wake-up and polling the net below it: a lost connection costs a moment, until there is a new one."""
    while not stop.is_set():
        try:
            async with deps.db.listening(wakes) as gone:
                for wake in wakes.values():
                    wake()
                await _wait(stop, gone, None)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("worker.listening_interrupted", error=type(error).__name__)
        await _sleep(stop, AFTER_ERROR)


async def _pass_on(stop: asyncio.Event, queued: asyncio.Event, dispatch: Dispatch) -> None:
    """What this process itself queues is looked at without waiting for a NOTIFY."""
    while not stop.is_set():
        await _wait(stop, queued, None)
        queued.clear()
        dispatch.look_now()


async def run_recurring(deps: Deps) -> int:
    """Run what is due and not taken by another worker."""
    for turn in await take_turns(deps.db, registry.recurring, deps.clock()):
        try:
            await turn.run(deps)
        except Exception:
            log.exception("worker.recurring_failed", name=turn.name)
            await give_turn_back(deps.db, turn.name, deps.clock())
    return 0


async def _sweep(deps: Deps) -> int:
    await sweep(deps)
    return 0


async def _run_jobs(deps: Deps, stop: asyncio.Event) -> None:
    """PgQueuer's loop; it is started again when the database went away under it."""
    managers: list[QueueManager] = []
    stopping = asyncio.create_task(_shut_down_on(stop, managers))
    while not stop.is_set():
        managers.clear()
        try:
            await run_jobs(deps.db, deps, started=managers.append)
        except Exception:
            log.exception("worker.jobs_interrupted")
            await _sleep(stop, AFTER_ERROR)
    stopping.cancel()


async def _shut_down_on(stop: asyncio.Event, managers: list[QueueManager]) -> None:
    await stop.wait()
    for manager in managers:
        manager.shutdown.set()


async def _repeat(
    stop: asyncio.Event, turn: Callable[[], Awaitable[int]], *, net: float, wake: asyncio.Event | None = None
) -> None:
    """Turn after turn while there is work; otherwise wait for *wake*, or *net* seconds. No error ends the loop."""
    while not stop.is_set():
        if wake is not None:
            wake.clear()
        try:
            worked = await turn()
        except Exception:
            log.exception("worker.turn_failed")
            await _sleep(stop, AFTER_ERROR)
            continue
        if not worked:
            await _wait(stop, wake, net)


async def _wait(stop: asyncio.Event, wake: asyncio.Event | None, seconds: float | None) -> None:
    waits = [asyncio.create_task(each.wait()) for each in (stop, wake) if each is not None]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    await _wait(stop, None, seconds)
