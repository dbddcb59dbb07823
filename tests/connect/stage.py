"""What the tests of Connect begin with: a shop at work, an affiliate with a number of her own, and an API key."""

from typing import Any

from tests.api.client import NEW_ORDER, Client
from tests.world import World

JANE_OWN = "+16505550177"
"""Jane's RingCentral number, from which her customers are texted."""
JANE_MOBILE = "+14155550133"
JANET = "+18015556788"
"""Jane's customer, as the published requests have her."""
CONSENT: dict[str, Any] = {
    "state": "subscribed",
    "collected_at": "2026-11-23T11:58:00-05:00",
    "source": "checkout",
    "wording": "Text me updates about my order. Msg & data rates may apply. Reply STOP to opt out.",
}


async def api_key(world: World, *scopes: str) -> str:
    made = await world.api("POST", "/api-keys", {"name": "Our shop system", "scopes": list(scopes) or ["*"]})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


async def client_of(world: World, *scopes: str) -> Client:
    return Client(world.url, await api_key(world, *scopes), world.http)


async def jane(world: World, *, connect_id: str = "jane-1", **changes: Any) -> int:
    """An invited account; *changes* are put to it by the merchant."""
    person = {"connect_id": connect_id, "name": "Jane Doe", "phone": JANE_MOBILE, "email": "jane@example.com"}
    invited = await world.api("POST", "/connect/accounts", person)
    assert invited.status_code == 201, invited.text
    account_id = int(invited.json()["id"])
    if changes:
        saved = await world.api("PUT", f"/connect/accounts/{account_id}", changes)
        assert saved.status_code == 200, saved.text
    return account_id


async def jane_texts(world: World) -> int:
    """Jane has a RingCentral user and number of her own, and alerts on."""
    user = world.ringcentral.add_user(name="Jane Doe")
    world.ringcentral.add_number(user, JANE_OWN)
    jwt = world.ringcentral.issue_jwt(user)
    return await jane(world, alerts_enabled=True, jwt=jwt, phone_number=JANE_OWN)


def agreed(order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """*order* with the evidence that its customer agreed to texts."""
    return {"order": {**order["order"], "sms_consent": CONSENT, **changes}}


async def a_section_at_work(world: World) -> None:
    """Something to see on each page of the Connect section of a shop that is ready."""
    await world.api("POST", "/connect/webhooks", {"url": f"{world.url}/nowhere"})
    await jane_texts(world)
    client = await client_of(world, "orders")
    await client.create_order(NEW_ORDER, X_Shout_Connect_ID="jane-1")
    await client.create_order({"order": {}}, X_Shout_Connect_ID="nobody")
    rules = [
        {"field": "discount_code", "pattern": "VIP-*"},
        {"field": "note_attribute", "name": "ref", "pattern": "jane", "account_id": 1},
    ]
    await world.api("PUT", "/connect/attribution", {"rules": rules})
    for code in ("VIP-jane-1", "SUMMER"):
        await world.order(discount_codes=[code])
    await world.advance(minutes=1)
    await world.api("POST", "/connect/imports", {"dry_run": True})
    await world.workers_run()
