"""Every kind of order text beside the two that are on from the start: what brings it, once, and what keeps it back."""

from datetime import timedelta
from typing import Any

from app.messages.kinds import kinds
from app.simulator.shopify import Order
from tests.world import ADA, SHOP, World

FULFILLMENTS = "read_fulfillments"


async def switched_on(world: World, *names: str) -> None:
    """Only these kinds are on, and Shopify tells of what they need."""
    await world.ready()
    await world.shopify.change_scopes(SHOP, ["read_orders", "write_customers", FULFILLMENTS])
    for kind in kinds.notifications():
        if kind.enabled_by_default != (kind.name in names):
            answer = await world.api("PUT", f"/notifications/{kind.name}", {"enabled": kind.name in names})
            assert answer.status_code == 200, answer.text
    await world.workers_run()


async def shipped(world: World, **tracking: Any) -> Order:
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order, **tracking)
    await world.workers_run()
    return order


async def reported(world: World, order: Order, status: str) -> None:
    await world.shopify.report_parcel(SHOP, order, order.fulfillments[-1], status)
    await world.workers_run()


async def test_a_cancellation_is_told_once_and_ends_what_waits(world: World) -> None:
    await switched_on(world, "order_cancelled", "order_confirmed")
    order = await world.order()
    await world.shopify.cancel_order(SHOP, order)
    world.shopify.duplicate_webhooks = True
    await world.shopify.cancel_order(SHOP, order)
    await world.workers_run()
    [text] = world.texts_on(ADA)
    assert text == (
        "Hi Ada, your Demo Store order #1001 has been canceled. Questions? Call +16505550100. Reply STOP to opt-out."
    )
    [told] = await world.messages(kind="order_cancelled")
    checks = (await world.api("GET", f"/messages/{told['id']}")).json()["checks"]
    assert "still_true" in [check["code"] for check in checks if check["passed"]]


async def test_each_refund_is_told_with_its_amount(world: World) -> None:
    await switched_on(world, "order_refunded")
    order = await world.order()
    await world.shopify.refund_order(SHOP, order, cents=1200)
    await world.workers_run()
    await world.shopify.refund_order(SHOP, order, cents=0)  # items come back, no money goes
    await world.shopify.cancel_order(SHOP, order)
    await world.shopify.refund_order(SHOP, order)
    await world.workers_run()
    first, second = world.texts_on(ADA)
    assert first.startswith("Hi Ada, Demo Store has refunded $12.00 for order #1001.")
    assert "refunded $31.50 for order #1001" in second


async def test_a_payment_is_told_only_when_it_came_after_the_order(world: World) -> None:
    await switched_on(world, "order_paid")
    await world.order()
    later = await world.order(financial_status="pending")
    await world.workers_run()
    assert world.texts_on(ADA) == []
    await world.advance(hours=30)
    await world.shopify.pay_order(SHOP, later)
    await world.workers_run()
    assert world.texts_on(ADA) == [
        "Hi Ada, Demo Store has received your payment for order #1002. Thank you! Reply STOP to opt-out."
    ]


async def test_every_part_of_an_order_is_told_with_its_own_tracking(world: World) -> None:
    await switched_on(world, "order_partially_fulfilled", "order_fulfilled")
    items = [{"title": "Mug", "price": "9.00", "quantity": 3}]
    order = await world.order(items=items)
    for number in ("1Z1", "1Z2"):
        await world.shopify.fulfil_order(SHOP, order, tracking_number=number, partial=True)
        await world.workers_run()
    await world.shopify.fulfil_order(SHOP, order, tracking_number="1Z3")
    await world.workers_run()
    first, second, whole = world.texts_on(ADA)
    assert first == (
        "Hi Ada, part of your Demo Store order #1001 is on its way. Track it at "
        "https://www.ups.com/track?tracknum=1Z1 The rest will follow. Reply STOP to opt-out."
    )
    assert "1Z2" in second
    assert "has been fulfilled" in whole and "1Z3" in whole  # noqa: PT018 - one text


async def test_a_part_whose_fulfillment_was_cancelled_is_not_told(world: World) -> None:
    await switched_on(world, "order_partially_fulfilled")
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order, partial=True)
    order.fulfillments[-1].status = "cancelled"
    await world.workers_run()
    assert world.texts_on(ADA) == []
    [skipped] = await world.messages(kind="order_partially_fulfilled")
    assert skipped["reason"]["code"] == "fulfillment_cancelled"


async def test_tracking_that_came_later_is_told_and_scans_are_not(world: World) -> None:
    await switched_on(world, "order_fulfilled", "tracking_updated")
    order = await shipped(world, tracking_number=None, tracking_company=None)
    parcel = order.fulfillments[-1]
    await world.shopify.change_tracking(SHOP, order, parcel, number="1Z7")
    await world.workers_run()
    for status in ("carrier_picked_up", "in_transit", "in_transit"):
        await reported(world, order, status)
    _, told = world.texts_on(ADA)
    assert told == (
        "Hi Ada, you can now track your Demo Store order #1001: https://www.ups.com/track?tracknum=1Z7 "
        "Reply STOP to opt-out."
    )
    await world.shopify.change_tracking(SHOP, order, parcel, number="1Z8")
    await world.workers_run()
    assert "1Z8" in world.texts_on(ADA)[2]


async def test_tracking_that_the_customer_has_already_is_no_news(world: World) -> None:
    await switched_on(world, "order_fulfilled", "tracking_updated")
    order = await shipped(world)
    await reported(world, order, "in_transit")
    assert len(world.texts_on(ADA)) == 1
    [skipped] = await world.messages(kind="tracking_updated")
    assert skipped["reason"]["code"] == "tracking_told"


JOURNEY = (
    ("delivery_delayed", "delayed", "is taking longer than planned."),
    ("out_for_delivery", "out_for_delivery", "is out for delivery."),
    ("delivery_attempted", "attempted_delivery", "tried to deliver"),
    ("ready_for_pickup", "ready_for_pickup", "is ready for pickup."),
    ("delivered", "delivered", "has been delivered."),
)


async def test_what_the_carrier_reports_is_told_once(world: World) -> None:
    await switched_on(world, *(kind for kind, _, _ in JOURNEY))
    order = await shipped(world)
    await reported(world, order, "in_transit")
    for told, (_, status, words) in enumerate(JOURNEY, start=1):
        for _ in range(2):
            await reported(world, order, status)
        assert len(world.texts_on(ADA)) == told, status
        assert words in world.texts_on(ADA)[-1]
    assert [each["kind"] for each in await world.messages()] == [kind for kind, _, _ in JOURNEY]
    assert {each["order_name"] for each in await world.messages()} == {"#1001"}


async def test_news_of_a_parcel_that_quiet_hours_held_is_dropped_when_it_is_old(world: World) -> None:
    await switched_on(world, "out_for_delivery", "delivered")
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"}})
    order = await shipped(world)
    await world.advance(hours=13)  # 01:00 in New York
    await reported(world, order, "out_for_delivery")
    await world.advance(hours=2)
    await reported(world, order, "delivered")
    assert world.texts_on(ADA) == []
    await world.advance(hours=6, minutes=1)  # 09:01
    await world.workers_run()
    [text] = world.texts_on(ADA)
    assert "has been delivered" in text
    [dropped] = await world.messages(kind="out_for_delivery")
    assert dropped["reason"]["code"] == "parcel_moved_on"


async def test_another_attempt_on_another_day_is_another_text(world: World) -> None:
    await switched_on(world, "delivery_attempted")
    order = await shipped(world)
    await reported(world, order, "attempted_delivery")
    await world.advance(days=1)
    await reported(world, order, "attempted_delivery")
    assert len(world.texts_on(ADA)) == 2


async def test_what_needs_another_permission_is_switched_on_only_with_it(world: World) -> None:
    await world.ready()
    refused = await world.api("PUT", "/notifications/delivered", {"enabled": True})
    assert (refused.status_code, refused.json()["scope"]) == (409, FULFILLMENTS)
    world.shopify.shops[SHOP].scopes.append(FULFILLMENTS)  # agreed to; Shopify's notice is still on its way
    assert (await world.api("PUT", "/notifications/delivered", {"enabled": True})).json()["enabled"]
    await world.workers_run()

    def subscribed() -> set[str]:
        return {each.topic for each in world.shopify.shops[SHOP].subscriptions.values()}

    assert "fulfillment_events/create" in subscribed()
    assert "fulfillments/update" not in subscribed()
    await world.shopify.change_scopes(SHOP, ["read_orders", "write_customers"])
    await world.workers_run()
    assert "fulfillment_events/create" not in subscribed()
    assert "Not sent: Shopify no longer lets the app read fulfillments." in (await world.open_page("/templates")).text


async def test_tracking_that_a_waiting_text_would_have_told_is_told_when_that_one_ends_unsent(world: World) -> None:
    await switched_on(world, "order_fulfilled", "tracking_updated")
    held = await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "18:00", "end": "20:00"}})
    assert held.status_code == 200, held.text
    order = await shipped(world, tracking_number=None, tracking_company=None)
    [fulfilled] = await world.messages(kind="order_fulfilled")
    assert fulfilled["state"] == "queued"
    assert (await world.api("PUT", "/settings", {"quiet_hours": {"enabled": False}})).status_code == 200
    in_an_hour = world.clock() + timedelta(hours=1)
    await world.rows("UPDATE messages SET due_at = $1", in_an_hour)
    await world.shopify.change_tracking(SHOP, order, order.fulfillments[-1], number="1Z7")
    await world.workers_run()
    assert world.texts_on(ADA) == []
    await world.rows("UPDATE messages SET state = 'cancelled' WHERE kind = 'order_fulfilled'")
    await world.advance(minutes=61)
    await world.workers_run()
    [told] = world.texts_on(ADA)
    assert "1Z7" in told
