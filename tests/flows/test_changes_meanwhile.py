"""What happens to waiting texts when the merchant changes something meanwhile."""

from app.simulator.shopify.faults import Fault
from tests.world import ADA, SENDER, SHOP, World

OTHER = "+16505550177"


async def hold_a_text(world: World) -> None:
    """A fulfilment at night waits for the morning."""
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True}})
    await world.advance(hours=11)
    order = await world.order()
    await world.workers_run()
    await world.shopify.fulfil_order(SHOP, order)
    await world.workers_run()


async def test_switching_a_kind_off_cancels_what_waits(world: World) -> None:
    await world.ready()
    await hold_a_text(world)
    await world.api("PUT", "/notifications/order_fulfilled", {"enabled": False})
    await world.advance(hours=11)
    await world.workers_run()
    [held] = [each for each in await world.messages() if each["kind"] == "order_fulfilled"]
    assert (held["state"], held["reason"]["code"]) == ("cancelled", "switched_off")


async def test_a_waiting_text_goes_on_from_the_number_of_another_user(world: World) -> None:
    await world.ready()
    await hold_a_text(world)
    user = world.ringcentral.add_user(name="Second")
    world.ringcentral.add_number(user, OTHER)
    await world.api("PUT", "/connection", {"jwt": world.ringcentral.issue_jwt(user)})
    await world.api("PUT", "/connection/number", {"phone_number": OTHER})
    await world.advance(hours=11)
    await world.recurring_run()
    assert [sms["from"] for sms in world.ringcentral.sent] == [SENDER, OTHER]


async def test_stop_to_a_number_that_was_exchanged_counts(world: World) -> None:
    await world.ready()
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, OTHER)
    await world.api("PUT", "/connection", {"jwt": world.jwt})
    await world.api("PUT", "/connection/number", {"phone_number": OTHER})
    await world.texts_from(ADA, "STOP", to=SENDER)
    await world.order()
    await world.workers_run()
    [message] = [each for each in await world.messages() if each["kind"] == "order_confirmed"]
    assert message["reason"]["code"] == "opted_out"


async def test_a_passing_error_of_shopify_costs_no_text(world: World) -> None:
    await world.ready()
    body = {"data": None, "errors": [{"message": "oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    await world.order()
    world.shopify.faults.add(Fault("graphql", times=1, status=200, body=body))
    await world.workers_run()
    await world.advance(seconds=5)
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1


async def test_an_odd_hook_key_is_answered_and_dropped(world: World) -> None:
    response = await world.http.post(f"{world.url}/webhooks/ringcentral/%00", json={"event": "x"})
    assert response.status_code == 200
