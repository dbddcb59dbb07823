"""What holds for every address of the API: keys, scopes, pace, repetition, lists, errors, and who sees what."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.connect.keys import CALLS_A_MINUTE
from tests.api.client import NEW_ORDER, Client
from tests.connect.stage import agreed, api_key, client_of, jane, jane_texts
from tests.world import SHOP, World

OTHER = "other-store.myshopify.com"


async def test_a_key_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    await world.ready()
    key = await api_key(world, "orders:read")
    listed = (await world.api("GET", "/api-keys")).json()["api_keys"]
    assert key not in json.dumps(listed)
    assert listed[0]["scopes"] == ["orders:read"]
    [row] = await world.rows("SELECT * FROM api_keys")
    assert key.encode() not in b"".join(value for value in row.values() if isinstance(value, bytes))
    client = Client(world.url, key, world.http)
    assert (await client.call("GET", "/api/v1/orders")).status_code == 200
    ended = await world.api("DELETE", f"/api-keys/{listed[0]['id']}")
    assert ended.status_code == 200
    refused = await client.call("GET", "/api/v1/orders")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_a_scope_opens_only_its_own(world: World) -> None:
    await world.ready()
    await jane(world)
    reader = await client_of(world, "orders:read")
    refused = await reader.create_order(NEW_ORDER, X_Shout_Connect_ID="jane-1")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
    assert (await reader.notify(body="x", connect_id="jane-1")).status_code == 403
    assert (await reader.call("GET", "/api/v1/users")).status_code == 403
    writer = await client_of(world, "write_orders")
    assert (await writer.call("GET", "/api/v1/orders")).status_code == 200
    unknown = await world.api("POST", "/api-keys", {"name": "x", "scopes": ["everything"]})
    assert unknown.status_code == 422


async def test_the_pace_is_told_and_kept(world: World) -> None:
    await world.ready()
    client = await client_of(world, "orders:read")
    first = await client.call("GET", "/api/v1/orders")
    assert first.headers["ratelimit-limit"] == str(CALLS_A_MINUTE)
    assert first.headers["x-ratelimit-remaining"] == str(CALLS_A_MINUTE - 1)
    await world.rows("UPDATE api_keys SET window_calls = $1", CALLS_A_MINUTE)
    refused = await client.call("GET", "/api/v1/orders")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
    assert refused.headers["retry-after"] == "60"
    world.clock.advance(seconds=61)
    assert (await client.call("GET", "/api/v1/orders")).status_code == 200


async def test_a_repeated_call_gets_the_same_answer_and_does_nothing(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders:write")
    first = await client.create_order(agreed(NEW_ORDER), X_Connect_ID="jane-1", Idempotency_Key="k-1")
    again = await client.create_order(agreed(NEW_ORDER), X_Connect_ID="jane-1", Idempotency_Key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = await client.create_order(NEW_ORDER, X_Connect_ID="jane-1", Idempotency_Key="k-1")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert await world.rows("SELECT count(*) FROM connect_orders") == [(1,)]
    world.clock.advance(days=2)
    await world.recurring_run()
    assert await world.rows("SELECT count(*) FROM api_answers") == [(0,)]


async def test_a_duplicate_reference_is_refused_only_when_asked_and_texts_nobody_twice(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders:write")
    body = agreed(NEW_ORDER, reference_id="A/1 #7")
    strict = {"X_Connect_ID": "jane-1", "X_Fail_Creation_On_Duplicate_Reference_Id": "true"}
    first = (await client.create_order(body, **strict)).json()
    refused = await client.create_order(body, **strict)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "duplicate_reference_id")
    second = await client.create_order(body, X_Connect_ID="jane-1")
    assert second.status_code == 201
    await world.workers_run()
    assert len(world.ringcentral.sent) == 1
    by_reference = "/api/v1/orders/reference_id-A%2F1%20%237"
    assert (await client.call("GET", by_reference)).json()["id"] == second.json()["id"]
    gone = await client.call("DELETE", by_reference)
    assert gone.json() == {"id": second.json()["id"], "object": "order", "deleted": True}
    assert (await client.call("GET", by_reference)).json()["id"] == first["id"]
    assert (await client.call("GET", f"/api/v1/orders/{second.json()['id']}")).status_code == 404


async def test_a_change_touches_only_what_was_sent(world: World) -> None:
    await world.ready()
    await jane(world)
    client = await client_of(world, "orders:write")
    order = (await client.create_order(agreed(NEW_ORDER, campaign="spring", fail_if_connect_orders_not_enabled=False),
                                       X_Connect_ID="jane-1")).json()  # fmt: skip
    assert order["metadata"]["campaign"] == "spring"
    address = f"/api/v1/orders/{order['id']}"
    for state, moved in (("unknown", False), ("pre_transit", False), ("in_transit", True)):
        changed = (await client.call("PUT", address, {"order": {"shipping_state": state}})).json()
        assert (changed["shipped_at"] is not None) is moved
    changed = (await client.call("PUT", address, {"order": {"refunded_at": "now", "total_cents": 1}})).json()
    assert (changed["status"], changed["total"], changed["description"]) == ("refunded", "$0.01", order["description"])
    assert changed["line_items"] == order["line_items"]
    assert changed["metadata"]["campaign"] == "spring"
    emptied = (await client.call("PUT", address, {"order": {"line_items": [], "metadata": {}, "paid_at": None}})).json()
    assert (emptied["line_items"], emptied["paid_at"], emptied["paid_source"]) == ([], None, None)
    assert "campaign" not in emptied["metadata"]


async def test_lists_go_on_by_cursor(world: World) -> None:
    await world.ready()
    user_id = await jane(world)
    await jane(world, connect_id="jane-2")
    client = await client_of(world, "*")
    body = {"order": {"total_cents": 100}}
    ids = [(await client.create_order(body, X_Connect_ID="jane-1")).json()["id"] for _ in range(3)]
    seen: list[int] = []
    path = "/api/v1/orders?limit=2"
    while path:
        page = (await client.call("GET", path)).json()
        seen += [each["id"] for each in page["data"]]
        path = f"/api/v1/orders?limit=2&cursor={page['next_cursor']}" if page["has_more"] else ""
    assert seen == ids[::-1]
    assert (await client.call("GET", "/api/v1/orders", X_Connect_ID="jane-2")).json()["data"] == []
    users = (await client.call("GET", "/api/v1/users?limit=1")).json()
    assert (users["data"][0]["id"], users["has_more"]) == (user_id, True)
    assert "phone" not in users["data"][0]
    assert (await client.call("GET", "/api/v1/users/connect_id-jane-1")).json()["id"] == user_id


async def test_history_in_bulk_is_silent_and_goes_on_where_it_was(world: World) -> None:
    await world.ready()
    user_id = await jane_texts(world)
    await jane(world, connect_id="shy")
    await world.rows("UPDATE connect_accounts SET import_history = 'no' WHERE connect_id = 'shy'")
    client = await client_of(world, "orders:write")
    old = agreed(NEW_ORDER)["order"]
    body = {
        "orders": [
            {**old, "user_id": user_id, "reference_id": "h-1", "paid_at": "2024-05-01"},
            {**old, "connect_id": "jane-1", "reference_id": "h-2", "paid_at": "now"},
            {**old, "connect_id": "shy", "reference_id": "h-3"},
            {**old, "connect_id": "nobody"},
            {"user_id": user_id, "total_cents": "much"},
        ]
    }
    dry = (await client.call("POST", "/api/v1/orders/import?dry_run=true", body)).json()
    assert dry["counts"] == {"created": 2, "duplicate": 0, "refused": 1, "invalid": 2}
    assert await world.rows("SELECT count(*) FROM connect_orders") == [(0,)]
    first = (await client.call("POST", "/api/v1/orders/import", body, Idempotency_Key="page-1")).json()
    assert first["counts"] == {"created": 2, "duplicate": 0, "refused": 1, "invalid": 2}
    assert (await client.call("POST", "/api/v1/orders/import", body, Idempotency_Key="page-1")).json() == first
    again = (await client.call("POST", "/api/v1/orders/import", body)).json()
    assert again["counts"] == {"created": 0, "duplicate": 2, "refused": 1, "invalid": 2}
    assert first["results"][4]["error"]["fields"] == {
        "order.total_cents": "Give an amount in whole cents, for example 3500 for $35.00."
    }
    await world.workers_run()
    assert world.ringcentral.sent == []


async def test_one_shops_key_never_reaches_another_shop(world: World) -> None:
    await world.ready()
    user_id = await jane(world)
    client = await client_of(world, "*")
    order = (await client.create_order({"order": {"reference_id": "r-1"}}, X_Connect_ID="jane-1")).json()
    world.shopify.add_shop(OTHER)
    world.shopify.install(OTHER)
    await world.open_page("/", OTHER)
    made = await world.api("POST", "/api-keys", {"name": "Other", "scopes": ["*"]}, domain=OTHER)
    stranger = Client(world.url, made.json()["key"], world.http)
    for path in (f"orders/{order['id']}", "orders/reference_id-r-1", f"users/{user_id}", "users/connect_id-jane-1"):
        assert (await stranger.call("GET", f"/api/v1/{path}")).status_code == 404
    assert (await stranger.call("DELETE", f"/api/v1/orders/{order['id']}")).status_code == 404
    assert (await stranger.call("PUT", f"/api/v1/orders/{order['id']}", {"order": {}})).status_code == 404
    assert (await stranger.create_order(NEW_ORDER, X_Shout_User_Id=str(user_id))).status_code == 404
    assert (await stranger.notify(body="x", user_id=user_id)).status_code == 404
    assert (await stranger.call("GET", "/api/v1/orders")).json()["data"] == []
    for method, path in (
        ("GET", f"/connect/accounts/{user_id}"),
        ("PUT", f"/connect/accounts/{user_id}"),
        ("DELETE", f"/connect/accounts/{user_id}"),
        ("DELETE", "/api-keys/1"),
    ):
        assert (await world.api(method, path, {}, domain=OTHER)).status_code == 404
    assert (await world.api("GET", "/connect/accounts", domain=OTHER)).json()["accounts"] == []
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    assert (await client.call("GET", "/api/v1/orders")).json()["error"]["code"] == "app_uninstalled"


WRONG: list[tuple[str, str, bytes, int, str]] = [
    ("POST", "/orders", b"", 422, "invalid"),
    ("POST", "/orders", b"[]", 422, "invalid"),
    ("POST", "/orders", b"\xff", 422, "invalid"),
    ("POST", "/orders", b'{"order": 1}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"paid_at": "yesterday"}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"paid_at": "2023-02-30"}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"paid_at": "9999-12-31T23:59:59-14:00"}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"profile_phone_number": "12"}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"total_cents": 1.5}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"total_cents": 99999999999999999999}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"line_items": [{"name": "x", "quantity": -1}]}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"description": "a\\u0000b"}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"sms_consent": {"state": "subscribed"}}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"shipping_link": "javascript:alert(1)"}}', 422, "invalid"),
    ("POST", "/orders", b'{"order": {"x": ' + b"[" * 30 + b"]" * 30 + b"}}", 422, "invalid"),
    ("POST", "/orders", b'{"order": {"x": "' + b"y" * 40_000 + b'"}}', 422, "invalid"),
    ("POST", "/orders", b" " * (1024 * 1024 + 1), 413, "too_large"),
    ("POST", "/orders/import", b'{"orders": []}', 422, "invalid"),
    ("GET", "/orders?limit=0", b"", 422, "invalid"),
    ("GET", "/orders?cursor=zzz", b"", 422, "invalid"),
    ("GET", "/orders/0", b"", 404, "not_found"),
    ("GET", "/orders/99999999999999999999", b"", 404, "not_found"),
    ("GET", "/orders/reference_id-none", b"", 404, "not_found"),
    ("GET", "/orders/reference_id-%00", b"", 404, "not_found"),
    ("PATCH", "/orders/1", b"", 405, "method_not_allowed"),
    ("GET", "/nothing", b"", 404, "not_found"),
    ("POST", "/messages/send_connect_notification", b'{"message": {"body": "x"}}', 422, "invalid"),
    ("POST", "/messages/send_connect_notification", b'{"message": {"body": "x", "user_id": 99}}', 404, "not_found"),
    ("POST", "/messages/send_connect_notification", b'{"message": {"body": "", "user_id": 1}}', 422, "invalid"),
    ("POST", "/messages/send_broadcast_message", b'{"message": {"body": "x", "user_ids": "1"}}', 422, "invalid"),
    ("GET", "/users/none", b"", 404, "not_found"),
]


async def test_whatever_is_wrong_is_told_in_one_shape(world: World) -> None:
    await world.ready()
    await jane(world)
    key = await api_key(world)
    for method, path, content, status, code in WRONG:
        answer = await world.http.request(
            method,
            f"{world.url}/api/v1{path}",
            content=content,
            headers={"Authorization": f"Bearer {key}", "X-Connect-ID": "jane-1"},
        )
        assert answer.status_code == status, (path, content[:80], answer.text)
        error: dict[str, Any] = answer.json()["error"]
        assert set(error) == {"code", "message", "fields", "request_id"}
        assert error["code"] == code
        assert error["message"].endswith((".", "”.")), error
        assert answer.headers["x-request-id"] == error["request_id"]
    nobody = await world.http.post(f"{world.url}/api/v1/orders", headers={"Authorization": f"Bearer {key}"})
    assert nobody.json()["error"]["code"] == "account_required"
    log = (await world.api("GET", "/api-requests")).json()["requests"]
    assert (log[0]["code"], log[0]["route"], log[0]["status"]) == ("account_required", "/orders", 422)
    assert "/orders/{order}" in {each["route"] for each in log}
    world.clock.advance(seconds=timedelta(days=31).total_seconds())
    await world.recurring_run()
    assert (await world.api("GET", "/api-requests")).json()["requests"] == []


@pytest.mark.parametrize(
    "header", ["", "Basic abc", "Bearer", "Bearer connect_wrong", "Bearer \xe9", "Bearer " + "x" * 9000]
)
async def test_what_is_no_key_opens_nothing(world: World, header: str) -> None:
    await world.install()
    answer = await world.http.get(f"{world.url}/api/v1/orders", headers=[(b"Authorization", header.encode("latin-1"))])
    assert answer.status_code == 401
    assert (await world.http.get(f"{world.url}/api/v1/openapi.json")).json()["openapi"] == "3.1.0"
