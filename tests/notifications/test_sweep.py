"""Orders whose webhook never came: found within the hour, texted once, or explained."""

import pytest

from app.notifications.sweep import EVENTS, events_of, sweep_missed_events
from tests.world import ADA, SHOP, World


async def look_for_missed(world: World) -> None:
    await world.advance(hours=1)
    await world.recurring_run()


async def test_a_lost_webhook_still_leads_to_exactly_one_text(world: World) -> None:
    await world.ready()
    world.shopify.lose_webhooks = True
    await world.order()
    world.shopify.lose_webhooks = False
    await world.order()
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
    for _ in range(3):
        await look_for_missed(world)
    first, second = world.texts_on(ADA)
    assert "#1002" in first
    assert "#1001" in second
    # The webhook comes after all, hours later.
    await world.shopify.retry_webhooks()
    [lost] = [each for each in world.shopify.deliveries if each.topic == "orders/create" and each.outcome == "lost"]
    await world.shopify.send_webhook(SHOP, "orders/create", lost.body, webhook_id=lost.webhook_id)
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 2


async def test_a_lost_fulfilment_is_found_too(world: World) -> None:
    await world.ready()
    order = await world.order()
    await world.workers_run()
    world.shopify.lose_webhooks = True
    await world.shopify.fulfil_order(SHOP, order)
    await look_for_missed(world)
    assert len([text for text in world.texts_on(ADA) if "has been fulfilled" in text]) == 1


async def test_lost_news_of_refund_and_delivery_is_found_too(world: World) -> None:
    await world.ready()
    await world.shopify.change_scopes(SHOP, ["read_orders", "write_customers", "read_fulfillments"])
    for kind in ("order_refunded", "delivered", "out_for_delivery"):
        await world.api("PUT", f"/notifications/{kind}", {"enabled": True})
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order)
    await world.workers_run()
    await world.advance(minutes=5)
    world.shopify.lose_webhooks = True
    await world.shopify.report_parcel(SHOP, order, order.fulfillments[0], "delivered")
    await world.shopify.refund_order(SHOP, order, cents=500)
    for _ in range(2):
        await look_for_missed(world)
    assert len(world.texts_on(ADA)) == 4
    assert any("has been delivered" in text for text in world.texts_on(ADA)[2:])
    assert any("refunded $5.00" in text for text in world.texts_on(ADA)[2:])


async def test_what_is_older_than_the_limit_expires_instead(world: World) -> None:
    await world.ready()
    world.shopify.lose_webhooks = True
    await world.order()
    await world.advance(hours=4)
    await world.recurring_run()
    assert world.texts_on(ADA) == []
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("expired", "too_late")


async def test_a_merchant_who_would_rather_skip_gets_an_explanation(world: World) -> None:
    await world.ready()
    saved = await world.api("PUT", "/settings", {"missed_events": "skip", "confirmation_max_age_minutes": 1440})
    assert saved.json()["missed_events"] == "skip"
    world.shopify.lose_webhooks = True
    await world.order()
    world.shopify.lose_webhooks = False
    for _ in range(4):
        await look_for_missed(world)
    assert await world.messages() == [], "it might still come"
    for _ in range(2):
        await look_for_missed(world)
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("skipped", "missed_event")
    assert world.texts_on(ADA) == []


async def test_nothing_from_before_the_app_or_the_switch_is_texted(world: World) -> None:
    customer = world.ada
    await world.order(customer)
    await world.advance(minutes=20)
    await world.ready()
    await world.api("PUT", "/notifications/order_confirmed", {"enabled": False})
    await world.workers_run()
    await world.order(customer)
    await world.advance(minutes=5)
    await world.api("PUT", "/notifications/order_confirmed", {"enabled": True})
    await look_for_missed(world)
    assert await world.messages() == []


async def test_many_orders_are_read_page_by_page_and_a_broken_look_goes_on(world: World) -> None:
    await world.ready()
    [row] = await world.rows("SELECT id FROM shops")
    world.shopify.lose_webhooks = True
    for number in range(70):
        await world.order(world.shopify.add_customer(SHOP, phone=f"+1212555{number:04d}", consent="NEVER_SUBSCRIBED"))
        await world.advance(seconds=20)
    assert await sweep_missed_events(world.deps, row["id"]) == 70
    assert await sweep_missed_events(world.deps, row["id"]) == 0
    await world.workers_run()
    assert len(await world.rows("SELECT 1 FROM messages")) == 70
    [cursor] = await world.rows("SELECT read_until FROM sweep_cursors")
    assert cursor["read_until"] == world.clock()


async def test_a_shop_without_access_is_left_for_later(world: World) -> None:
    await world.ready()
    world.shopify.fail_next("graphql", status=402, times=50)
    await look_for_missed(world)
    assert await world.rows("SELECT 1 FROM sweep_cursors") == []


def test_an_order_tells_of_its_past() -> None:
    parcel = {"id": "gid://shopify/Fulfillment/9", "status": "SUCCESS", "createdAt": "2026-11-23T12:00:00Z"}
    first = parcel | {"id": "gid://shopify/Fulfillment/7", "createdAt": "2026-11-23T11:00:00Z"}
    refund = {"id": "gid://shopify/Refund/6", "createdAt": "2026-11-23T15:00:00Z"}
    order = {
        "id": "gid://shopify/Order/820982911946154508",
        "name": "#1001",
        "createdAt": "2026-11-23T10:00:00Z",
        "updatedAt": "2026-11-23T13:00:00Z",
        "cancelledAt": "2026-11-23T13:00:00Z",
        "displayFulfillmentStatus": "FULFILLED",
        "customer": {"id": "gid://shopify/Customer/5", "defaultPhoneNumber": None},
        "shippingAddress": None,
        "fulfillments": [
            parcel,
            parcel | {"id": "gid://shopify/Fulfillment/8", "status": "CANCELLED"},
            first | {"deliveredAt": "2026-11-23T14:00:00Z"},
        ],
        "refunds": [refund | {"totalRefundedSet": {"shopMoney": {"amount": "12.0"}}}],
    }
    told = {event.topic: event for event in events_of(order)}
    assert set(told) == set(EVENTS)
    assert told["orders/create"].payload["id"] == 820982911946154508
    assert told["orders/create"].payload["customer"] == {"id": 5, "phone": None}
    assert told["orders/fulfilled"].at.hour == 12
    assert told["orders/cancelled"].at.hour == 13
    assert [event.subject for event in events_of(order) if event.topic == "fulfillments/create"] == ["9", "7"]
    assert [event.subject for event in events_of(order) if event.topic == "orders/partially_fulfilled"] == ["7"]
    delivered = told["fulfillment_events/create"]
    assert (delivered.subject, delivered.payload["status"], delivered.at.hour) == ("7", "delivered", 14)
    assert told["refunds/create"].payload == {
        "id": 6,
        "order_id": 820982911946154508,
        "transactions": [{"kind": "refund", "status": "success"}],
    }


@pytest.mark.parametrize("status", ["UNFULFILLED", "PARTIALLY_FULFILLED", "ON_HOLD"])
def test_an_order_on_its_way_in_part_is_not_told_as_fulfilled(status: str) -> None:
    order = {
        "id": "gid://shopify/Order/1",
        "createdAt": "2026-11-23T10:00:00Z",
        "displayFulfillmentStatus": status,
        "fulfillments": [],
    }
    assert [event.topic for event in events_of(order)] == ["orders/create"]
