"""From an order in Shopify to a text on the customer's phone."""

from datetime import datetime, timedelta

import pytest

from tests.world import ADA, SHOP, World


async def test_an_order_becomes_one_text_with_the_seeds_words(world: World) -> None:
    await world.ready()
    order = await world.order()
    await world.workers_run()
    [text] = world.texts_on(ADA)
    assert text.startswith(f"Hi Ada Lovelace, your Demo Store order {order.name} has been confirmed. You can view")
    assert text.endswith("Reply STOP to opt-out.")
    [message] = await world.messages()
    assert message["state"] in ("accepted", "sent", "delivered")
    assert message["to"] == ADA


async def test_the_fulfilment_brings_the_tracking_link(world: World) -> None:
    await world.ready()
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order, tracking_url="https://www.ups.com/track?tracknum=1Z999")
    await world.workers_run()
    _, shipped = world.texts_on(ADA)
    assert "has been fulfilled" in shipped
    assert "Track it at https://www.ups.com/track?tracknum=1Z999 Reply STOP to opt-out." in shipped


async def test_without_a_tracking_link_none_is_promised(world: World) -> None:
    await world.ready()
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order, tracking_company="A local courier", tracking_number="7")
    await world.workers_run()
    _, shipped = world.texts_on(ADA)
    assert "Track it" not in shipped
    assert shipped.endswith(" Reply STOP to opt-out.")


async def test_repeated_webhooks_bring_one_text(world: World) -> None:
    await world.ready()
    world.shopify.duplicate_webhooks = True
    order = await world.order()
    await world.workers_run()
    again = [each for each in world.shopify.deliveries if each.topic == "orders/create"]
    await world.shopify.send_webhook(SHOP, "orders/create", {"id": int(order.id), "name": order.name})
    await world.workers_run()
    assert len(again) >= 1
    assert len(world.texts_on(ADA)) == 1


@pytest.mark.parametrize(
    ("consent", "code"),
    [("NEVER_SUBSCRIBED", "not_subscribed"), ("UNSUBSCRIBED", "unsubscribed"), ("PENDING", "consent_pending")],
)
async def test_who_has_not_agreed_gets_an_explained_skip(world: World, consent: str, code: str) -> None:
    await world.ready()
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone="+14155550167", consent=consent)
    await world.order(noah)
    await world.workers_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("skipped", code)
    assert message["reason"]["sentence"].endswith(".")
    assert world.ringcentral.sent == []


async def test_consent_taken_back_while_the_text_waits_is_honoured(world: World) -> None:
    """The webhook said nothing about consent; the gate asks again."""
    await world.ready()
    await world.order()
    await world.shopify.set_consent(SHOP, world.ada, "UNSUBSCRIBED")
    await world.workers_run()
    [message] = await world.messages()
    assert message["reason"]["code"] == "unsubscribed"
    assert world.texts_on(ADA) == []


async def test_an_order_cancelled_meanwhile_is_not_confirmed(world: World) -> None:
    await world.ready()
    order = await world.order()
    await world.shopify.cancel_order(SHOP, order)
    await world.workers_run()
    [message] = await world.messages()
    assert message["reason"]["code"] == "order_cancelled"


async def test_a_late_confirmation_expires(world: World) -> None:
    await world.ready()
    world.ringcentral.fail_next(503, times=50)
    await world.order()
    await world.workers_run()
    await world.advance(hours=3, minutes=1)
    await world.workers_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("expired", "too_late")
    assert world.texts_on(ADA) == []


async def test_a_shop_without_a_number_gets_an_explained_skip(world: World) -> None:
    await world.install()
    await world.order()
    await world.workers_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("skipped", "not_connected")


async def test_a_customer_without_a_phone_gets_an_explained_skip(world: World) -> None:
    await world.ready()
    nobody = world.shopify.add_customer(SHOP, first_name="Nemo", phone=None, consent="NEVER_SUBSCRIBED")
    await world.order(nobody)
    await world.workers_run()
    [message] = await world.messages()
    assert message["reason"]["code"] == "no_phone"


async def test_an_order_without_a_customer_gets_an_explained_skip(world: World) -> None:
    await world.ready()
    await world.shopify.place_order(SHOP, None)
    await world.workers_run()
    [message] = await world.messages()
    assert message["reason"]["code"] == "no_customer"


async def test_every_message_keeps_its_checks_and_its_timeline(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    [message] = await world.messages()
    detail = (await world.api("GET", f"/messages/{message['id']}")).json()
    assert [check["code"] for check in detail["checks"]] == [
        "number_connected",
        "order_not_cancelled",
        "phone_found",
        "not_opted_out",
        "consent_subscribed",
        "country_allowed",
        "quiet_hours",
        "text_composed",
    ]
    assert all(check["passed"] for check in detail["checks"])
    assert [step["to"] for step in detail["timeline"]][:3] == ["queued", "sending", "accepted"]


async def test_a_delivery_has_one_time_however_late_it_was_heard_of(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    arrived = world.clock()
    await world.advance(minutes=3)
    await world.workers_run()
    [message] = await world.messages()
    detail = (await world.api("GET", f"/messages/{message['id']}")).json()
    assert detail["timeline"][-1] == {
        "at": detail["delivered_at"],
        "from": "accepted",
        "to": "delivered",
        "cause": "RingCentral: delivered",
    }
    assert datetime.fromisoformat(detail["delivered_at"]) < arrived + timedelta(minutes=2)


async def test_the_log_masks_the_status_link(world: World) -> None:
    """Whoever has the link can open the order, so only the customer gets it."""
    await world.ready()
    await world.order()
    await world.workers_run()
    [message] = await world.messages()
    [received] = world.texts_on(ADA)
    assert "https://" in received
    assert "[order status link]" in message["text"]
    assert "https://" not in message["text"]


async def test_quiet_hours_hold_the_fulfilment_but_not_the_confirmation(world: World) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"}})
    await world.advance(hours=11)  # 23:00 in New York
    order = await world.order()
    await world.shopify.fulfil_order(SHOP, order)
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
    held = [each for each in await world.messages() if each["kind"] == "order_fulfilled"]
    assert held[0]["state"] == "queued"
    await world.advance(hours=10, minutes=1)  # 09:01
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 2


async def test_the_customers_language_is_used(world: World) -> None:
    await world.ready()
    lucia = world.shopify.add_customer(
        SHOP, first_name="Lucía", last_name="Moreno", phone="+13055550142", consent="SUBSCRIBED", locale="es"
    )
    await world.order(lucia)
    await world.workers_run()
    [text] = world.texts_on("+13055550142")
    assert text.startswith("Hola Lucía Moreno")
