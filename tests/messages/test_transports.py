"""Two transports of one RingCentral user: each counts to a group of calls of its own, none holds up the other."""

from datetime import timedelta

import pytest

from app.messages.dispatch import send_due_messages
from app.shops.pace import KEPT_FOR_READING, MOST_A2P
from app.shops.provider_access import call_provider
from app.sms.contract import Accepted, Access, DeliveryState, RateReport
from tests.messages.engine import Engine

STANDARD, HIGH_VOLUME = "+16505550100", "+16505550103"
LIGHT = 45


async def add_line(engine: Engine, user: int, domain: str, number: str, transport: str) -> int:
    shop = await engine.add_shop(user, domain, number=number)
    await engine.deps.db.pool.execute("UPDATE senders SET transport = $1 WHERE shop_id = $2", transport, shop)
    return shop


async def queue_many(engine: Engine, shop: int, count: int) -> None:
    for number in range(count):
        await engine.queue_order(shop, f"{shop}{number:04}", f"+1212555{number:04}")


async def send_all(engine: Engine) -> None:
    while await send_due_messages(engine.deps):
        pass


def sent_from(engine: Engine, number: str) -> int:
    return sum(text.sender == number for text in engine.provider.accepted)


async def test_high_volume_texts_count_to_the_light_calls_and_leave_some_for_reading(engine: Engine) -> None:
    user = await engine.add_user()
    await queue_many(engine, await add_line(engine, user, "a.myshopify.com", HIGH_VOLUME, "a2p"), 40)
    await send_all(engine)
    assert sent_from(engine, HIGH_VOLUME) == LIGHT - KEPT_FOR_READING
    groups = await engine.rows("SELECT call_group, count(*) FROM pace_slots GROUP BY call_group")
    assert [tuple(row) for row in groups] == [("light", LIGHT - KEPT_FOR_READING)]
    for _ in range(KEPT_FOR_READING):
        await call_provider(engine.deps, user, lambda p, access: p.read_statuses(access, []))
    engine.clock.advance(seconds=61)
    await send_all(engine)
    assert sent_from(engine, HIGH_VOLUME) == 40


async def test_a_full_transport_does_not_hold_up_the_other(engine: Engine) -> None:
    """The scripted service allows forty calls in all, so the standard number keeps to a few."""
    user = await engine.add_user(call_limit=3)
    standard = await add_line(engine, user, "a.myshopify.com", STANDARD, "sms")
    high_volume = await add_line(engine, user, "b.myshopify.com", HIGH_VOLUME, "a2p")
    await queue_many(engine, standard, 10)
    await queue_many(engine, high_volume, 10)
    await send_all(engine)
    assert (sent_from(engine, STANDARD), sent_from(engine, HIGH_VOLUME)) == (3, 10)
    engine.clock.advance(seconds=61)
    await send_all(engine)
    assert (sent_from(engine, STANDARD), engine.provider.broken_rules) == (6, [])


async def test_a_limit_is_learned_for_the_group_that_it_belongs_to(engine: Engine) -> None:
    user = await engine.add_user()
    await queue_many(engine, await add_line(engine, user, "a.myshopify.com", HIGH_VOLUME, "a2p"), 1)

    async def send(access: Access, *, sender: str, recipient: str, text: str) -> Accepted:
        return Accepted("batch-1", DeliveryState.QUEUED, RateReport("light", 500, 499, 60))

    engine.provider.send = send  # type: ignore[method-assign]  # what the service grants is the point here
    await send_all(engine)
    [limits] = await engine.rows("SELECT call_limit, call_reserve, light_limit FROM provider_users WHERE id = $1", user)
    assert tuple(limits) == (36, 4, 495)


async def test_a_granted_limit_does_not_break_the_policy_of_a_number(engine: Engine) -> None:
    """Sixty texts a minute from a High Volume number, whatever the calls would allow."""
    user = await engine.add_user(light_limit=495)
    shop = await add_line(engine, user, "a.myshopify.com", HIGH_VOLUME, "a2p")
    await queue_many(engine, shop, MOST_A2P + 10)
    await send_all(engine)
    assert sent_from(engine, HIGH_VOLUME) == MOST_A2P


@pytest.mark.parametrize(("transport", "group"), [("sms", "medium"), ("a2p", "light")])
async def test_a_call_repeated_with_a_new_token_takes_a_call_of_the_same_group(
    engine: Engine, transport: str, group: str
) -> None:
    user = await engine.add_user()
    await queue_many(engine, await add_line(engine, user, "a.myshopify.com", HIGH_VOLUME, transport), 1)
    engine.provider.plan.append("token rejected")
    await send_all(engine)
    slots = await engine.rows("SELECT call_group FROM pace_slots WHERE call_group <> 'auth'")
    assert ([row[0] for row in slots], sent_from(engine, HIGH_VOLUME)) == ([group, group], 1)


async def test_a_dead_workers_high_volume_call_counts_until_it_cannot_be_on_its_way(engine: Engine) -> None:
    user = await engine.add_user(light_limit=KEPT_FOR_READING + 1)
    await queue_many(engine, await add_line(engine, user, "a.myshopify.com", HIGH_VOLUME, "a2p"), 1)
    await engine.deps.db.pool.execute(
        "INSERT INTO pace_slots (provider_user_id, call_group, taken_at) VALUES ($1, 'light', $2)", user, engine.clock()
    )
    await send_all(engine)
    assert sent_from(engine, HIGH_VOLUME) == 0
    engine.clock.advance(seconds=timedelta(minutes=3).total_seconds())
    await send_all(engine)
    assert sent_from(engine, HIGH_VOLUME) == 1
