"""An integration written from the published requests works by changing base URL and key."""

import pytest

from tests.api.client import LINE_FIELDS, MESSAGE_FIELDS, NEW_ORDER, OLD_ORDER, ORDER_FIELDS
from tests.connect.stage import JANE_MOBILE, JANE_OWN, JANET, agreed, client_of, jane, jane_texts
from tests.world import SENDER, World


async def test_the_published_order_is_answered_field_by_field(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders:write")
    response = await client.create_order(NEW_ORDER, X_Shout_Connect_ID="jane-1")
    assert response.status_code == 201, response.text
    order = response.json()
    assert set(order) == ORDER_FIELDS
    assert order | {"id": 0, "profile_id": 0, "metadata": {}} == {
        "id": 0,
        "company_id": order["company_id"],
        "created_at": "2026-11-23T12:00:00.000000-05:00",
        "description": "Order from Ecommerce Site",
        "dont_trigger_auto_actions": False,
        "integration": "connect",
        "invoiced_at": "2026-11-23T12:00:00.000000-05:00",
        "invoiced_source": "connect",
        "line_items": order["line_items"],
        "metadata": {},
        "notified_profile_of_paid_invoice_at": None,
        "object": "order",
        "paid_at": "2026-11-23T12:00:00.000000-05:00",
        "paid_source": "connect",
        "profile_email": None,
        "profile_id": 0,
        "profile_name": "Janet Smith",
        "profile_phone_number": JANET,
        "profile_shipping_address_raw": "1 E Center St, Provo, UT 84606",
        "reference_id": None,
        "refunded_at": None,
        "refunded_source": None,
        "shipped_at": None,
        "shipped_source": None,
        "status": "paid",
        "total": "$168.00",
        "total_cents": 16800,
        "total_currency": "USD",
        "updated_at": "2026-11-23T12:00:00.000000-05:00",
    }
    assert [set(line) for line in order["line_items"]] == [LINE_FIELDS, LINE_FIELDS]
    assert order["line_items"][0] == {
        "each_price": "$35.00",
        "each_price_cents": 3500,
        "each_price_currency": "USD",
        "name": "Tank Top",
        "object": "order_line_item",
        "price": "$70.00",
        "price_cents": 7000,
        "price_currency": "USD",
        "quantity": 2.0,
    }
    assert '"quantity":2.0' in response.text
    # The published request says nothing of consent, so nobody is texted, and the answer says why.
    await world.workers_run()
    assert order["metadata"]["text_alerts"]["connect_order_paid"]["reason"]["code"] == "not_subscribed"
    assert world.texts_on(JANET) == []
    [skipped] = [each for each in await world.messages() if each["kind"] == "connect_order_paid"]
    assert (skipped["state"], skipped["reason"]["code"]) == ("skipped", "not_subscribed")


@pytest.mark.parametrize("header", ["X-Shout-User-Id", "X-Connect-User-ID", "X-Connect-ID", "X-Shout-Connect-ID"])
async def test_either_header_names_the_account(world: World, header: str) -> None:
    await world.ready()
    user_id = await jane(world, alerts_enabled=True)
    client = await client_of(world, "orders")
    value = str(user_id) if "User" in header else "jane-1"
    assert (await client.create_order(NEW_ORDER, **{header: value})).status_code == 201


async def test_history_is_stored_with_its_dates_and_texts_nobody(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders:write")
    response = await client.create_order(agreed(OLD_ORDER), X_Shout_Connect_ID="jane-1")
    order = response.json()
    assert order["created_at"] == "2021-04-09T14:00:00.123456-04:00"
    assert order["paid_at"] == "2023-01-03T00:00:00.000000-05:00"
    assert order["dont_trigger_auto_actions"] is True
    assert order["metadata"] == {}
    shipped = {"order": {"shipping_link": "https://www.ups.com/track?tracknum=1Z999"}}
    await client.call("PUT", f"/api/v1/orders/{order['id']}", shipped)
    await world.workers_run()
    assert world.texts_on(JANET) == []
    refused = await client.call("PUT", f"/api/v1/orders/{order['id']}", {"order": {"dont_trigger_auto_actions": False}})
    assert refused.status_code == 422


async def test_who_asks_is_told_that_orders_are_not_enabled(world: World) -> None:
    await world.ready()
    await jane(world)
    client = await client_of(world, "orders:write")
    refused = await client.create_order(NEW_ORDER, X_Shout_Connect_ID="jane-1")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "connect_orders_not_enabled")
    body = {"order": {**NEW_ORDER["order"], "fail_if_connect_orders_not_enabled": False}}
    stored = await client.create_order(body, X_Shout_Connect_ID="jane-1")
    assert stored.status_code == 201
    assert stored.json()["metadata"]["text_alerts"]["connect_order_paid"]["reason"]["code"] == "alerts_off"


async def test_a_notification_reaches_the_affiliate_from_the_organisations_number(world: World) -> None:
    await world.ready()
    user_id = await jane(world)
    client = await client_of(world, "messages:write")
    response = await client.notify(body="A new order has been added to your account.", user_id=user_id)
    assert response.status_code == 201, response.text
    message = response.json()
    assert set(message) == MESSAGE_FIELDS
    assert message["body"] == "A new order has been added to your account."
    assert (message["object"], message["deleted_at"], message["favorite"]) == ("message", None, False)
    assert (await client.notify(body="Once more.", connect_id="jane-1")).status_code == 201
    await world.workers_run()
    assert world.texts_on(JANE_MOBILE) == [
        "Demo Store: A new order has been added to your account. Reply STOP to opt-out.",
        "Demo Store: Once more. Reply STOP to opt-out.",
    ]
    assert {each["from"] for each in world.ringcentral.sent} == {SENDER}


async def test_a_broadcast_reaches_all_accounts_or_those_named(world: World) -> None:
    await world.ready()
    await jane(world)
    other = {"connect_id": "omar-1", "name": "Omar Haddad", "phone": "+13055550142", "email": None}
    await world.api("POST", "/connect/accounts", other)
    client = await client_of(world, "messages:write")
    everybody = (await client.broadcast(body="We open at nine.")).json()
    assert set(everybody) == MESSAGE_FIELDS | {"messages", "recipients_count"}
    assert everybody["recipients_count"] == 2
    one = (await client.broadcast(body="Only you.", connect_ids=["omar-1"])).json()
    assert [set(each) for each in one["messages"]] == [MESSAGE_FIELDS]
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == 1
    assert len(world.texts_on("+13055550142")) == 2


async def test_the_paid_and_the_shipped_text_leave_from_the_affiliates_number(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders:write")
    body = agreed(NEW_ORDER, reference_id="A-1001")
    order = (await client.create_order(body, X_Shout_Connect_ID="jane-1")).json()
    assert order["metadata"]["text_alerts"]["connect_order_paid"]["state"] == "queued"
    await world.workers_run()
    tracked = {"order": {"shipping_link": "https://www.ups.com/track?tracknum=1Z999", "shipping_source": "UPS"}}
    shipped = (await client.call("PUT", "/api/v1/orders/reference_id-A-1001", tracked)).json()
    assert (shipped["status"], shipped["shipped_source"]) == ("shipped", "UPS")
    await world.workers_run()
    assert world.texts_on(JANET) == [
        "Jane Doe with Demo Store: Hi Janet, thank you for your order A-1001 ($168.00). Your payment was received. "
        "Reply STOP to opt-out.",
        "Jane Doe with Demo Store: Hi Janet, your order A-1001 is on its way. "
        "Track it at https://www.ups.com/track?tracknum=1Z999 Reply STOP to opt-out.",
    ]
    assert {each["from"] for each in world.ringcentral.sent} == {JANE_OWN}
    read = (await client.call("GET", f"/api/v1/orders/{order['id']}")).json()
    assert read["notified_profile_of_paid_invoice_at"] == "2026-11-23T12:00:00.000000-05:00"
