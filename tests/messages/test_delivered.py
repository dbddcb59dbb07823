"""Texts that have arrived are written down together, each as if it were alone."""

from datetime import timedelta

from app.messages.dispatch import send_due_messages
from app.messages.status import adopt_reports
from app.sms.contract import DeliveryState, StatusReport
from tests.messages.engine import Engine

PHONES = [f"+1212555{1000 + number}" for number in range(6)]


async def test_each_of_many_reports_is_adopted_for_its_own_text_and_once(engine: Engine) -> None:
    user = await engine.add_user()
    shop = await engine.add_shop(user)
    for number, phone in enumerate(PHONES):
        await engine.queue_order(shop, str(number), phone)
    await send_due_messages(engine.deps)
    texts = await engine.rows("SELECT id, provider_message_id, segments, shop_id FROM messages ORDER BY id")
    ids = [row["provider_message_id"] for row in texts]
    at = engine.clock() + timedelta(seconds=2)
    await engine.deps.db.pool.execute("UPDATE messages SET state = 'sent' WHERE id = $1", texts[1]["id"])
    await engine.deps.db.pool.execute("UPDATE messages SET state = 'queued' WHERE id = $1", texts[2]["id"])
    reports = [
        StatusReport(ids[0], DeliveryState.DELIVERED, None, 3, at, 7_000),
        StatusReport(ids[1], DeliveryState.DELIVERED, None, 0, None),
        StatusReport(ids[2], DeliveryState.DELIVERED, None, 1, at),
        StatusReport(ids[3], DeliveryState.SENT, None, 1, at),
        StatusReport("of-somebody-else", DeliveryState.DELIVERED, None, 1, at),
    ]
    for _ in range(2):
        await adopt_reports(engine.deps, user, reports)
    rows = await engine.rows(
        "SELECT state, delivered_at, segments, cost_micros, follow_up_at IS NULL AS done FROM messages ORDER BY id"
    )
    assert [row["state"] for row in rows] == ["delivered", "delivered", "queued", "sent", "accepted", "accepted"]
    assert tuple(rows[0])[1:] == (at, 3, 7_000, True)
    assert tuple(rows[1])[1:] == (engine.clock(), texts[1]["segments"], None, True)
    moves = await engine.rows(
        "SELECT message_id, from_state, shop_id FROM message_transitions WHERE to_state = 'delivered'"
    )
    assert sorted(tuple(row) for row in moves) == [
        (texts[0]["id"], "accepted", shop),
        (texts[1]["id"], "sent", shop),
    ]
