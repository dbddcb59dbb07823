"""Pace, order, fairness and fences of the sending engine, on a real database with scripted answers from outside."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.messages.claim import CLAIM, DUE_USERS, FIRST, STILL_ALIVE, claim_due, users_with_due_messages
from app.messages.dispatch import send_due_messages
from app.messages.recover import resolve_unknown, sweep
from app.messages.send import LEASE
from app.messages.status import look_soon, read_due_statuses
from app.shops.pace import KEPT_FOR_READING, LONGEST_CALL, MOST_A2P
from app.shops.pausing import pause_sender, resume_sender
from app.shops.provider_access import call_provider
from app.shops.queries import get_shop
from app.sms.contract import Accepted, DeliveryState, RateReport, Throttled
from tests.messages.engine import Engine
from tests.messages.scripted import Killed

ADA, NOAH = "+12125550123", "+14155550167"
BULK = """
INSERT INTO messages (shop_id, sender_id, kind, subject, state, priority, order_id, event_at, created_at, due_at,
                      expires_at, updated_at)
SELECT $1, $2, 'order_confirmed', 'bulk-' || n, $4, 5, (1000000 + n)::text, $3::timestamptz, $3, $3 + n *
interval '1 microsecond',
       $3 + interval '1 day', $3
FROM generate_series(1, $5::int) n
"""


async def bulk(engine: Engine, shop_id: int, count: int, state: str = "queued") -> None:
    sender_id = await engine.value("SELECT id FROM senders WHERE shop_id = $1", shop_id)
    await engine.deps.db.pool.execute(BULK, shop_id, sender_id, engine.clock() - timedelta(minutes=1), state, count)
    await engine.deps.db.pool.execute("VACUUM (ANALYZE) messages")


async def send_all(engine: Engine) -> None:
    while await send_due_messages(engine.deps):
        pass


async def state_of(engine: Engine, message_id: int | None) -> str:
    return str(await engine.value("SELECT state FROM messages WHERE id = $1", message_id))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0.005)


# --- pace ---


async def test_no_window_holds_more_texts_than_allowed_and_replies_pass_in_the_reserve(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    sender = await engine.value("SELECT id FROM senders")
    for number in range(40):
        await engine.queue_order(shop, str(2000 + number), f"+1212555{1000 + number:04d}")
    await send_all(engine)
    assert len(engine.provider.accepted) == 36
    for number in range(6):
        await engine.queue_reply(shop, sender, ADA, str(number))
    await send_all(engine)
    assert len(engine.provider.accepted) == 40
    engine.clock.advance(seconds=59)
    await send_all(engine)
    assert len(engine.provider.accepted) == 40
    engine.clock.advance(seconds=1)
    await send_all(engine)
    assert len(engine.provider.accepted) == 46
    assert {"Help 4", "Help 5"} <= {each.text for each in engine.provider.accepted[40:]}
    assert engine.provider.broken_rules == []


async def test_several_workers_share_one_window(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    for number in range(60):
        await engine.queue_order(shop, str(3000 + number), f"+1212555{1000 + number:04d}")
    workers = [engine.worker() for _ in range(4)]
    for _ in range(8):
        await asyncio.gather(*(worker.turn() for worker in workers))
        await asyncio.gather(*(worker.finish() for worker in workers))
    assert len(engine.provider.accepted) == 36
    assert engine.provider.broken_rules == []


async def test_a_429_silences_everybody_until_it_is_over(engine: Engine) -> None:
    user = await engine.add_user()
    shop = await engine.add_shop(user)
    first = await engine.queue_order(shop, "1", ADA)
    await send_all(engine)
    engine.provider.plan.append("throttle")
    await engine.queue_order(shop, "2", NOAH)
    await send_all(engine)
    await look_soon(engine.deps, user)
    for _ in range(12):
        await engine.queue_reply(shop, 1, ADA, f"{engine.clock()}")
        await send_all(engine)
        await read_due_statuses(engine.deps)
        await resolve_unknown(engine.deps)
        engine.clock.advance(seconds=5)
    assert len(engine.provider.accepted) == 1
    assert engine.provider.broken_rules == []
    engine.clock.advance(seconds=5)
    await send_all(engine)
    assert len(engine.provider.accepted) == 14
    assert await state_of(engine, first) == "accepted"


async def test_a_new_limit_is_learned_and_none_remaining_stops_calls(engine: Engine) -> None:
    user = await engine.add_user()
    shop = await engine.add_shop(user)
    answers = [RateReport("medium", 20, 19, 30.0), RateReport("medium", 20, 0, 30.0)]

    async def send(*_: Any, **__: Any) -> Accepted:
        return Accepted(f"rc-{len(answers)}", DeliveryState.QUEUED, answers.pop(0))

    engine.provider.send = send  # type: ignore[method-assign]
    await engine.queue_order(shop, "1", ADA)
    await send_all(engine)
    [row] = await engine.rows("SELECT call_limit, call_reserve, window_seconds, paused_until FROM provider_users")
    assert tuple(row) == (18, 2, 30, None)
    await engine.queue_order(shop, "2", NOAH)
    await send_all(engine)  # somebody else has used up the rest
    assert await engine.value("SELECT paused_until FROM provider_users") == engine.clock() + timedelta(seconds=30)


async def test_looks_and_subscriptions_take_calls_too(engine: Engine) -> None:
    user = await engine.add_user(light_limit=3)
    await engine.add_shop(user)
    for _ in range(3):
        await call_provider(engine.deps, user, lambda p, access: p.read_statuses(access, []))
    with pytest.raises(Throttled) as refused:
        await call_provider(engine.deps, user, lambda p, access: p.read_statuses(access, []))
    assert (refused.value.code, refused.value.retry_after) == ("pace", 60)
    assert await engine.value("SELECT paused_until FROM provider_users") is None


async def test_thirty_calls_at_once_log_in_once(engine: Engine) -> None:
    user = await engine.add_user(access_token_encrypted=None, token_expires_at=None)
    await engine.add_shop(user)

    async def read() -> None:
        await call_provider(engine.deps, user, lambda p, access: p.read_statuses(access, []))

    await asyncio.gather(*(read() for _ in range(30)))
    assert engine.provider.logins == 1


# --- fairness and order ---


async def test_a_first_text_leaves_at_once_behind_a_backlog_of_another(engine: Engine) -> None:
    busy = await engine.add_shop(await engine.add_user())
    idle = await engine.add_shop(await engine.add_user(owner_id="2"), "idle.myshopify.com", number="+16505550101")
    await bulk(engine, busy, 20_000)
    engine.shopify.phones = {str(1_000_000 + n): f"+1212{5550000 + n}" for n in range(1, 100)}
    await engine.queue_order(idle, "1", NOAH)
    await send_due_messages(engine.deps)
    assert NOAH in [each.recipient for each in engine.provider.accepted]


async def test_two_shops_on_one_user_take_turns(engine: Engine) -> None:
    user = await engine.add_user()
    busy = await engine.add_shop(user)
    small = await engine.add_shop(user, "small.myshopify.com", number="+16505550101")
    await bulk(engine, busy, 500)
    message = await engine.queue_order(small, "1", NOAH)
    async with engine.deps.db.transaction() as session:
        claimed = await claim_due(session, {user: 4}, holder="test", now=engine.clock(), lease=LEASE)
    assert message in [held.message.id for held in claimed]


async def test_calls_that_hang_hold_up_nobody_else(engine: Engine) -> None:
    slow = await engine.add_shop(await engine.add_user())
    other = await engine.add_shop(await engine.add_user(owner_id="2"), "other.myshopify.com", number="+16505550101")
    engine.provider.plan.extend(["late answer"] * 8)
    for number in range(8):
        await engine.queue_order(slow, str(4000 + number), f"+1212555{1000 + number:04d}")
    worker = engine.worker()
    await worker.turn()
    await until(lambda: len(engine.provider.unanswered) == 8)
    message = await engine.queue_order(other, "1", NOAH)
    worker.look_now()
    await worker.turn()
    await until(lambda: bool(engine.provider.accepted[8:]))
    assert await state_of(engine, message) in ("sending", "accepted")
    for released in engine.provider.unanswered:
        released.set()
    await worker.finish()


async def test_of_texts_that_are_made_ready_together_no_more_leave_than_the_days_limit(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    await engine.deps.db.pool.execute("""UPDATE shops SET settings = settings || '{"daily_cap": 2}'""")
    for order in ("1", "2", "3", "4"):
        await engine.queue_order(shop, order, ADA)
    await asyncio.gather(*(send_due_messages(engine.deps) for _ in range(2)))
    assert len(engine.provider.accepted) == 2
    late = await engine.rows("SELECT due_at, phone_hash FROM messages WHERE state = 'queued'")
    assert {row["due_at"] for row in late} == {engine.clock() + timedelta(hours=24)}
    assert {row["phone_hash"] for row in late} == {engine.deps.vault.fingerprint(ADA)}


async def test_fulfilled_never_overtakes_confirmed(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    engine.provider.plan.append("lost before")
    confirmed = await engine.queue_order(shop, "7", ADA)
    await send_all(engine)
    fulfilled = await engine.queue_order(shop, "7", ADA, kind="order_fulfilled")
    await send_all(engine)
    assert (await state_of(engine, confirmed), await state_of(engine, fulfilled)) == ("unknown", "queued")
    engine.clock.advance(seconds=11)
    await resolve_unknown(engine.deps)
    await send_all(engine)
    assert ["confirmed" in each.text for each in engine.provider.accepted] == [True, False]


async def test_due_users_are_found_without_reading_the_queue(engine: Engine) -> None:
    """The plan: only the index of due messages is read, and what is read does not grow with what was sent or waits."""
    shops = [
        await engine.add_shop(await engine.add_user(owner_id=str(n)), f"s{n}.myshopify.com", number=f"+1650555{n:04d}")
        for n in range(20)
    ]
    await bulk(engine, shops[0], 30_000)
    await bulk(engine, shops[1], 100_000, state="delivered")
    for shop in shops[2:]:
        await bulk(engine, shop, 3)
    values = {"now": engine.clock(), "first": FIRST, "counted": 50, "priorities": [0, 1, 5]}
    plan = await explain(engine, DUE_USERS, values)
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "messages"]
    assert {(node["Node Type"], node["Index Name"]) for node in scans} == {("Index Only Scan", "ix_messages_due")}
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 2_000
    async with engine.deps.db.transaction() as session:
        assert len(await users_with_due_messages(session, engine.clock())) == 19

    [user] = await engine.rows("SELECT provider_user_id FROM senders WHERE shop_id = $1", shops[0])
    claim = {
        "users": [user[0]],
        "most": [20],
        "now": engine.clock(),
        "holder": "test",
        "still_alive": STILL_ALIVE,
        "lease": LEASE,
        "longest_call": LONGEST_CALL,
        "kept_for_reading": KEPT_FOR_READING,
        "most_a2p": MOST_A2P,
        "first": FIRST,
        "priorities": [0, 1, 5],
    }
    plan = await explain(engine, CLAIM, claim)
    assert not [n for n in nodes(plan) if n["Node Type"] == "Seq Scan" and n.get("Relation Name") == "messages"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 3_000


async def explain(engine: Engine, statement: Any, values: dict[str, Any]) -> dict[str, Any]:
    explained = text("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement.text)
    explained = explained.bindparams(*statement._bindparams.values())
    async with engine.deps.db.transaction() as session:
        plan: dict[str, Any] = (await session.scalar(explained, values))[0]["Plan"]
        await session.rollback()
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


# --- fences ---


async def test_a_worker_given_up_for_dead_settles_nothing_of_another(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    engine.provider.plan.append("late answer")
    message = await engine.queue_order(shop, "1", ADA)
    slow = engine.worker()
    await slow.turn()
    await until(lambda: bool(engine.provider.unanswered))
    engine.clock.advance(seconds=41)
    await sweep(engine.deps)
    assert await state_of(engine, message) == "unknown"
    await resolve_unknown(engine.deps)
    assert await state_of(engine, message) == "accepted"
    engine.provider.unanswered[0].set()
    await slow.finish()
    assert len(engine.provider.accepted) == 1
    assert await engine.value("SELECT count(*) FROM message_transitions") == 4


async def test_a_heartbeat_keeps_a_message_that_is_still_being_prepared(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    message = await engine.queue_order(shop, "1", ADA)
    going_on = asyncio.Event()
    answer = engine.shopify.graphql

    async def slow_shopify(*arguments: Any) -> Any:
        await going_on.wait()
        return await answer(*arguments)

    engine.shopify.graphql = slow_shopify  # type: ignore[method-assign,assignment]
    worker = engine.worker()
    await worker.turn()
    for _ in range(3):
        engine.clock.advance(seconds=20)
        await worker.keep_leases()
        await sweep(engine.deps)
        assert await state_of(engine, message) == "sending"
    going_on.set()
    await worker.finish()
    assert await state_of(engine, message) == "accepted"


async def test_death_before_the_call_is_safe_and_after_it_is_looked_up(engine: Engine) -> None:
    asyncio.get_running_loop().set_exception_handler(_ignore_deaths)
    shop = await engine.add_shop(await engine.add_user())
    engine.shopify.plan.append("die")
    engine.provider.plan.append("die after")
    before = await engine.queue_order(shop, "1", ADA)
    await send_due_messages(engine.deps)
    engine.clock.advance(seconds=26)
    after = await engine.queue_order(shop, "2", NOAH)
    await send_due_messages(engine.deps)
    engine.clock.advance(seconds=41)
    await sweep(engine.deps)
    assert (await state_of(engine, before), await state_of(engine, after)) == ("queued", "unknown")
    await resolve_unknown(engine.deps)
    await send_all(engine)
    assert (await state_of(engine, before), await state_of(engine, after)) == ("accepted", "accepted")
    assert sorted(each.recipient for each in engine.provider.accepted) == sorted([ADA, NOAH])


def _ignore_deaths(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


async def test_two_texts_with_the_same_words_are_not_taken_for_one(engine: Engine) -> None:
    """Both outcomes are lost, one was accepted: it answers for one of them, and the other is sent."""
    shop = await engine.add_shop(await engine.add_user())
    sender = await engine.value("SELECT id FROM senders")
    engine.provider.plan.extend(["lost after", "lost before"])
    for subject in ("1", "2"):
        await engine.queue_reply(shop, sender, ADA, subject)
    await engine.deps.db.pool.execute(
        "UPDATE messages SET text_encrypted = (SELECT text_encrypted FROM messages ORDER BY id LIMIT 1)"
    )
    await send_all(engine)
    engine.clock.advance(seconds=11)
    await resolve_unknown(engine.deps)
    await send_all(engine)
    states = [row["state"] for row in await engine.rows("SELECT state FROM messages")]
    assert (states, len(engine.provider.accepted)) == (["accepted", "accepted"], 2)


# --- what answers lead to ---


async def test_a_reached_limit_rests_the_number_but_not_the_ears(engine: Engine) -> None:
    user = await engine.add_user()
    shop = await engine.add_shop(user)
    engine.provider.plan.append("sender pauses")
    message = await engine.queue_order(shop, "1", ADA)
    await send_all(engine)
    assert await engine.value("SELECT paused_until FROM provider_users") is None
    await look_soon(engine.deps, user)
    engine.clock.advance(seconds=2)
    assert await read_due_statuses(engine.deps) == 1
    await send_all(engine)
    assert await state_of(engine, message) == "queued"
    engine.clock.advance(seconds=600)
    await send_all(engine)
    assert await state_of(engine, message) == "accepted"


async def test_a_landline_is_not_tried_again(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    await engine.queue_order(shop, "1", ADA)
    await send_all(engine)
    engine.provider.accepted[0].state, engine.provider.accepted[0].error_code = DeliveryState.FAILED, "SMS-CAR-411"
    engine.clock.advance(seconds=45)
    await read_due_statuses(engine.deps)
    second = await engine.queue_order(shop, "2", ADA)
    await send_all(engine)
    row = (await engine.rows("SELECT state, reason_code FROM messages WHERE id = $1", second))[0]
    assert tuple(row) == ("skipped", "number_unusable")


async def test_a_passing_fault_on_the_way_is_tried_once_more(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    message = await engine.queue_order(shop, "1", ADA)
    for _ in range(3):
        await send_all(engine)
        for each in engine.provider.accepted:
            each.state, each.error_code = DeliveryState.FAILED, "SMS-RC-500"
        engine.clock.advance(seconds=45)
        await read_due_statuses(engine.deps)
        engine.clock.advance(minutes=6)
    assert len(engine.provider.accepted) == 2
    assert await state_of(engine, message) == "failed"


async def test_events_are_debounced_to_one_synchronisation(engine: Engine) -> None:
    user = await engine.add_user()
    shop = await engine.add_shop(user)
    message = await engine.queue_order(shop, "1", ADA)
    await send_all(engine)
    engine.provider.accepted[0].state = DeliveryState.DELIVERED
    syncs = 0
    for _ in range(30):
        await look_soon(engine.deps, user)
        engine.clock.advance(seconds=1)
        syncs += await read_due_statuses(engine.deps)
    assert await state_of(engine, message) == "delivered"
    assert syncs == 2


async def test_a_paused_number_sends_nothing_until_it_is_resumed(engine: Engine) -> None:
    shop_id = await engine.add_shop(await engine.add_user())

    async def switch(deed: Any) -> None:
        async with engine.deps.db.transaction() as session:
            await deed(engine.deps, session, await get_shop(session, shop_id), actor="staff")

    await switch(pause_sender)
    message = await engine.queue_order(shop_id, "1", ADA)
    await send_all(engine)
    assert engine.provider.accepted == []
    await switch(resume_sender)
    await send_all(engine)
    assert await state_of(engine, message) == "accepted"


async def test_a_pool_spreads_texts_and_keeps_conversations(engine: Engine) -> None:
    first, second = await engine.add_user(), await engine.add_user(owner_id="2")
    shop = await engine.add_shop(first)
    other = await engine.add_shop(second, "other.myshopify.com", number="+16505550101")
    await engine.deps.db.pool.execute("UPDATE senders SET shop_id = $1 WHERE shop_id = $2", shop, other)
    for number in range(60):
        await engine.queue_order(shop, str(5000 + number), f"+1212555{1000 + number:04d}")
    await send_all(engine)
    numbers = {each.recipient: each.sender for each in engine.provider.accepted}
    assert sorted(list(numbers.values()).count(n) for n in set(numbers.values())) == [30, 30]
    engine.clock.advance(minutes=2)
    for number in range(60):
        await engine.queue_order(shop, str(6000 + number), f"+1212555{1000 + number:04d}")
    await send_all(engine)
    assert all(each.sender == numbers[each.recipient] for each in engine.provider.accepted)
    assert len(engine.provider.accepted) == 120
