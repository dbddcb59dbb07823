"""Everything that can break, breaks, and each of the orders still leads to exactly one text.

These tests run the app's own processes and kill them at random moments; the seed is printed, and `FAULT_SEED` repeats
a run as far as a machine can. They take about three minutes in all.
"""

import asyncio
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.ringcentral.platform import RecordedRequest
from tests.faults.machines import open_machines

pytestmark = [pytest.mark.slow, pytest.mark.alone]
ORDERS = int(os.environ.get("FAULT_ORDERS", "500"))
NO_LIMIT = 100_000
GRACE = 1.0
"""Seconds from a 429 that a call may still need to arrive which left before the answer was read, on a busy machine."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside pytest's own folders, which PostgreSQL's user could not enter."""
    with tempfile.TemporaryDirectory(prefix="sms-faults-") as made:
        yield Path(made)


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("FAULT_SEED", random.SystemRandom().randrange(10**6)))
    print(f"FAULT_SEED={seed}")  # noqa: T201  # whoever reads a failure needs it
    return random.Random(seed)


async def test_processes_and_the_database_die(folder: Path, chance: random.Random) -> None:
    async with open_machines(folder) as machines:
        machines.ringcentral.use_limits(medium=NO_LIMIT, light=NO_LIMIT, auth=NO_LIMIT)
        await machines.set_up_shop()
        customers = machines.customers(ORDERS)

        async def break_things() -> None:
            deaths = ["worker-1", "worker-2", "web", "worker-1", "worker-2", "postgres stops", "postgres crashes"]
            chance.shuffle(deaths)
            for death in deaths:
                await asyncio.sleep(chance.uniform(0.3, 2.5))
                if death.startswith("postgres"):
                    await machines.restart_postgres(crash=death.endswith("crashes"))
                else:
                    await machines.restart(death)

        await asyncio.gather(machines.place_orders(customers), break_things())
        await machines.wait_until_settled(len(customers), 240)
        await machines.assert_one_text_each(customers)


async def test_ringcentral_fails_in_every_way(folder: Path, chance: random.Random) -> None:
    async with open_machines(folder) as machines:
        simulator = machines.ringcentral
        simulator.use_limits(medium=NO_LIMIT, light=NO_LIMIT, auth=NO_LIMIT)
        await machines.set_up_shop()
        customers = machines.customers(ORDERS)
        # The first answer tells what the limit is; without it a slow machine would wait for the default's next minute.
        await machines.place_orders(customers[:1])
        await machines.wait_until_settled(1, 30)

        async def go_wrong() -> None:
            # What is lost without having been accepted comes first: it must not meet the same text twice.
            simulator.fail_next(500, times=8)
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            simulator.drop_next(times=8)
            later: list[Callable[[], None]] = [
                lambda: simulator.fail_next(504, times=15, after_accepting=True),
                lambda: simulator.fail_next(500, times=15, after_accepting=True),
                lambda: simulator.drop_next(times=15, after_accepting=True),
                lambda: simulator.hang_next(20, times=5, after_accepting=True),
                lambda: simulator.fail_next(503, times=20),
                lambda: simulator.fail_next(429, times=3, retry_after=2),
                lambda: simulator.fail_next(429, times=5, retry_after=1),
                lambda: simulator.fail_next(504, times=3, path="/message-store"),
            ]
            chance.shuffle(later)
            for trouble in later:
                await asyncio.sleep(chance.uniform(0.3, 1.5))
                trouble()
            await machines.ringcentral_server.down()
            await asyncio.sleep(4)
            await machines.ringcentral_server.up()

        await asyncio.gather(machines.place_orders(customers[1:]), go_wrong())
        simulator.troubles.clear()
        await machines.wait_until_settled(len(customers), 240)
        await machines.assert_one_text_each(customers)
        assert calls_in_spite_of_a_429(simulator) == []


async def test_the_real_limits_are_never_broken(folder: Path) -> None:
    """Forty calls in a window, a penalty that each call starts again, three workers, and one 429 out of the blue."""
    async with open_machines(folder, workers=3) as machines:
        simulator = machines.ringcentral
        simulator.use_limits(window=15, penalty=15)
        await machines.set_up_shop()
        customers = machines.customers(70)
        await machines.place_orders(customers)
        await asyncio.sleep(4)
        simulator.fail_next(429, retry_after=6)
        await machines.wait_until_settled(len(customers), 90)
        await machines.assert_one_text_each(customers)
        assert calls_in_spite_of_a_429(simulator) == []
        penalties = [each for each in simulator.requests if each.status == 429 and each.penalty_age is None]
        assert len(penalties) == 1


def calls_in_spite_of_a_429(simulator: RingCentralSimulator) -> list[RecordedRequest]:
    """Calls that left although the app had been told to pause. What met the 429 on the way could not know of it."""
    return [each for each in simulator.requests if each.penalty_age is not None and each.penalty_age > GRACE]
