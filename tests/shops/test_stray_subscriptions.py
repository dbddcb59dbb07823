"""Events of a subscription that is not the stored one: not believed, but nothing of what they tell is lost."""

import json

import httpx2
import msgspec

from tests.world import ADA, SENDER, World

STRAY = "11111111-2222-3333-4444-555555555555"


async def subscribe_a_second_time(world: World) -> None:
    """As it is left behind when the answer to the creating call is lost."""
    [ours] = world.ringcentral.state.subscriptions.values()
    copy = msgspec.json.decode(msgspec.json.encode(ours), type=type(ours))
    copy.id = STRAY
    world.ringcentral.state.subscriptions[STRAY] = copy


async def call_hook(world: World, *, subscription_id: str, text: str) -> httpx2.Response:
    """What RingCentral would post, or whoever has learned the secret path and token."""
    [ours] = world.ringcentral.state.subscriptions.values()
    event = {
        "uuid": f"made-up-{text}",
        "event": f"/restapi/v1.0/account/1/extension/{ours.owner_id}/message-store/instant?type=SMS",
        "subscriptionId": subscription_id,
        "ownerId": ours.owner_id,
        "body": {
            "id": "999",
            "to": [{"phoneNumber": SENDER, "target": True}],
            "from": {"phoneNumber": ADA},
            "type": "SMS",
            "direction": "Inbound",
            "subject": text,
            "creationTime": world.clock().isoformat(),
        },
    }
    headers = {"Verification-Token": ours.verification_token or "", "Content-Type": "application/json"}
    return await world.http.post(ours.address, content=json.dumps(event).encode(), headers=headers)


async def test_an_event_of_an_unknown_subscription_opts_nobody_out(world: World) -> None:
    await world.ready()
    assert (await call_hook(world, subscription_id=STRAY, text="STOP")).status_code == 200
    await world.workers_run()
    assert await world.rows("SELECT 1 FROM suppressions") == []


async def test_a_stop_that_comes_through_a_stray_subscription_counts_and_the_stray_is_deleted(world: World) -> None:
    await world.ready()
    await subscribe_a_second_time(world)
    await world.texts_from(ADA, "STOP")
    assert len(await world.rows("SELECT 1 FROM suppressions")) == 1
    await world.advance(minutes=2)
    await world.workers_run()
    assert STRAY not in world.ringcentral.state.subscriptions


async def test_a_stop_of_which_only_the_stray_tells_is_read_from_the_message_store(world: World) -> None:
    await world.ready()
    [ours] = list(world.ringcentral.state.subscriptions.values())
    await subscribe_a_second_time(world)
    del world.ringcentral.state.subscriptions[ours.id]
    await world.texts_from(ADA, "STOP")
    await world.advance(seconds=10)
    await world.workers_run()
    assert len(await world.rows("SELECT 1 FROM suppressions")) == 1
