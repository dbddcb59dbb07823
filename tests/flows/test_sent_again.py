"""Texts that an opt-out held back, and that staff send again once the customer has opted in again."""

import pytest

from app.simulator.shopify import Order
from tests.flows.test_kinds import shipped, switched_on
from tests.world import ADA, SHOP, World

OTHER = "+12125550177"


async def bring(world: World, kind: str, order: Order) -> None:
    match kind:
        case "order_confirmed":
            await world.order()
        case "out_for_delivery":
            await world.shopify.report_parcel(SHOP, order, order.fulfillments[-1], kind)
        case _:
            await world.shopify.refund_order(SHOP, order, cents=1200)
    await world.workers_run()


async def page_of(world: World, kind: str) -> tuple[str, str]:
    [text] = await world.messages(kind=kind)
    return f"/messages/{text['id']}", (await world.open_page(f"/messages/{text['id']}")).text


@pytest.mark.parametrize("kind", ["order_confirmed", "out_for_delivery", "order_refunded"])
async def test_only_after_start(world: World, kind: str) -> None:
    await switched_on(world, kind)
    order = await shipped(world)
    await world.rows("DELETE FROM message_transitions")
    await world.rows("DELETE FROM messages")
    await world.texts_from(ADA, "STOP")
    await bring(world, kind, order)
    [text] = await world.messages(kind=kind)
    assert (text["reason"]["code"], text["to"]) == ("opted_out", ADA)
    path, page = await page_of(world, kind)
    assert "Send again" not in page
    assert (await world.api("POST", f"{path}/resend")).status_code == 409
    await world.advance(minutes=1)
    await world.texts_from(ADA, "START")
    await world.workers_run()
    path, page = await page_of(world, kind)
    assert ("Send again" in page, "They have opted in again since" in page) == (True, True)
    heard = len(world.texts_on(ADA))
    assert (await world.api("POST", f"{path}/resend")).status_code == 200
    await world.advance(minutes=10)
    await world.workers_run()
    assert len(world.texts_on(ADA)) == heard + 1
    assert "Reply STOP" in world.texts_on(ADA)[-1]


async def test_whose_opt_out_it_was_counts_and_not_whose_order(world: World) -> None:
    """The order's own phone is texted here, and it is that one which opted out."""
    await world.ready()
    wording = "Order updates by text. Msg & data rates may apply. Reply STOP to opt out."
    policy = {"policy": "order_updates", "wording": wording, "place": "checkout", "confirmed": True}
    assert (await world.api("PUT", "/consent/policy", policy)).status_code == 200
    assert (await world.api("PUT", "/settings", {"phone_source": "order"})).status_code == 200
    opt_out = {"phone": OTHER, "method": "phone", "words": "no more texts please"}
    assert (await world.api("POST", "/opt-outs", opt_out)).status_code == 201
    await world.order(phone=OTHER)
    await world.workers_run()
    [text] = await world.messages(kind="order_confirmed")
    assert (text["reason"]["code"], text["to"]) == ("opted_out", OTHER)
    path, page = await page_of(world, "order_confirmed")
    assert "Send again" not in page
    assert (await world.api("POST", f"{path}/resend")).status_code == 409
