"""The calls of one RingCentral user: from one process at a time, one after the other, none after a 429."""

import asyncio
from datetime import timedelta

from app.messages.dispatch import send_due_messages
from app.messages.recover import sweep
from app.messages.send import LEASE
from app.sms.turns import PATIENCE, Turns
from tests.messages.engine import Engine
from tests.messages.scripted import Killed
from tests.messages.test_sending import until


async def queue_many(engine: Engine, shop: int, count: int) -> None:
    for number in range(count):
        await engine.queue_order(shop, str(9000 + number), f"+1212555{1000 + number:04d}")


async def test_a_429_in_a_burst_is_the_only_one(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    await queue_many(engine, shop, 20)
    engine.provider.plan.extend(["accept", "accept", "throttle"])
    workers = [engine.worker() for _ in range(3)]
    for _ in range(4):
        await asyncio.gather(*(worker.turn() for worker in workers))
        await asyncio.gather(*(worker.finish() for worker in workers))
    assert len(engine.provider.calls) == 3
    engine.clock.advance(seconds=63)
    while await send_due_messages(engine.deps):
        pass
    assert len(engine.provider.accepted) == 20
    assert engine.provider.broken_rules == []


async def test_the_texts_of_a_user_leave_from_one_process_at_a_time(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    await queue_many(engine, shop, 10)
    engine.provider.plan.append("late answer")
    first, second = engine.worker(), engine.worker()
    assert await first.turn() == 8
    await until(lambda: bool(engine.provider.unanswered))
    assert await second.turn() == 0
    engine.provider.unanswered[0].set()
    await first.finish()
    second.look_now()
    assert await second.turn() == 2
    await second.finish()


async def test_the_texts_of_a_dead_process_are_soon_in_other_hands(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    await queue_many(engine, shop, 10)
    engine.provider.plan.extend(["die before"] * 8)
    dead = engine.worker()
    await dead.turn()
    await asyncio.gather(*dead._tasks, return_exceptions=True)
    assert {type(task.exception()) for task in dead._tasks} <= {Killed}
    assert await send_due_messages(engine.deps) == 0
    engine.clock.advance(seconds=26)
    assert await send_due_messages(engine.deps) == 2
    engine.clock.advance(seconds=LEASE / timedelta(seconds=1))
    await sweep(engine.deps)
    assert await engine.value("SELECT count(*) FROM messages WHERE state = 'sending'") == 0


async def test_a_call_that_hangs_does_not_stop_the_calls_behind_it() -> None:
    turns, began = Turns(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hang() -> None:
        async with turns.of(1) as turn:
            await turn.may_call()
            began.set()
            await asyncio.sleep(10 * PATIENCE)

    hanging, started = asyncio.create_task(hang()), loop.time()
    await began.wait()
    async with turns.of(2) as other:
        await other.may_call()
        assert loop.time() - started < PATIENCE
    async with turns.of(1) as next_one:
        await next_one.may_call()
        assert not hanging.done()
        assert loop.time() - started >= PATIENCE * 0.9
    hanging.cancel()
