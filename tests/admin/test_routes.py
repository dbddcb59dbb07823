"""The JSON addresses: names, shapes, and a sentence instead of a fault for whatever is sent."""

from typing import Any

from tests.world import ADA, SENDER, SHOP, World

OTHER = "other-store.myshopify.com"

SENT: list[tuple[str, str, bytes, int]] = [
    ("PUT", "/settings", b"", 422),
    ("PUT", "/settings", b"{", 422),
    ("PUT", "/settings", b"\xff\xfe", 422),
    ("PUT", "/settings", b'"text"', 422),
    ("PUT", "/settings", b"[]", 422),
    ("PUT", "/settings", b"[" * 60_000, 422),
    ("PUT", "/settings", b'{"contact_phone": "\\u0000"}', 422),
    ("PUT", "/settings", b'{"a": {"b": [{"c\\u0000": 1}]}}', 422),
    ("PUT", "/settings", b'{"quiet_hours": "never"}', 422),
    ("PUT", "/settings", b'{"countries": [1, null]}', 422),
    ("PUT", "/settings", b'{"no_such_setting": 1}', 422),
    ("PUT", "/settings", b" " * 65_537, 413),
    ("PUT", "/connection", b"{}", 422),
    ("PUT", "/connection", b'{"jwt": 1}', 422),
    ("PUT", "/connection", b'{"jwt": "x", "server": "https://evil.example"}', 422),
    ("PUT", "/connection/number", b'{"phone_number": "+12125550123"}', 409),
    ("PUT", "/connection/number", b"{}", 422),
    ("PUT", "/notifications/order_confirmed", b'{"enabled": "yes"}', 422),
    ("PUT", "/notifications/order_confirmed", b'{"templates": {"en": "{{ nothing.here }}"}}', 422),
    ("PUT", "/notifications/no_such_kind", b'{"enabled": true}', 404),
    ("PUT", "/notifications/%00", b'{"enabled": true}', 404),
    ("POST", "/notifications/order_confirmed/preview", b'{"template": 1}', 422),
    ("POST", "/notifications/order_confirmed/preview", b'{"template": "{% for x in (1..9) %}{% endfor %}"}', 422),
    ("POST", "/notifications/order_confirmed/test", b'{"to": "12"}', 422),
    ("POST", "/opt-outs", b'{"phone": "12"}', 422),
    ("POST", "/opt-outs", b"null", 422),
    ("POST", "/messages/1/resend", b"", 404),
    ("POST", "/messages/1/cancel", b"", 404),
    ("GET", "/messages/abc", b"", 404),
    ("GET", "/messages/99999999999999999999999", b"", 404),
    ("GET", "/messages?status=bogus", b"", 422),
    ("GET", "/messages?kind=Nope!", b"", 422),
    ("GET", "/messages?limit=0", b"", 422),
    ("GET", "/messages?limit=9999", b"", 422),
    ("GET", "/messages?before=x", b"", 422),
    ("GET", "/messages?q=%00", b"", 422),
    ("GET", "/messages?status=failed,expired&kind=order_confirmed&limit=5&before=7&q=%231001", b"", 200),
    ("DELETE", "/settings", b"", 405),
    ("GET", "/opt-outs", b"", 405),
    ("GET", "/nothing", b"", 404),
    ("DELETE", "/connection", b"", 200),
]
"""Method, path, body, and the status that answers it."""


async def send(world: World, method: str, path: str, content: bytes) -> Any:
    headers = {"Authorization": f"Bearer {world.shopify.id_token(SHOP)}"}
    return await world.http.request(method, f"{world.url}/api/admin{path}", headers=headers, content=content)


async def test_the_shapes_that_other_programs_rely_on(world: World) -> None:
    await world.ready()
    connection = (await world.api("GET", "/connection")).json()
    assert (connection["connected"], connection["phone_number"]) == (True, SENDER)
    settings = (await world.api("GET", "/settings")).json()
    assert settings["quiet_hours"] == {"enabled": False, "start": "09:00", "end": "20:00"}
    assert settings["stop_confirmation"] == "auto"
    notifications = (await world.api("GET", "/notifications")).json()["notifications"]
    on = [each["kind"] for each in notifications if each["enabled"]]
    assert on == ["order_confirmed", "order_fulfilled"] == [each["kind"] for each in notifications][:2]
    assert set(notifications[0]) >= {"kind", "label", "enabled", "templates"}
    assert (await world.api("GET", "/messages")).json() == {"messages": [], "next": None}
    diagnostics = (await world.api("GET", "/diagnostics")).json()["diagnostics"]
    assert {frozenset(each) for each in diagnostics} == {frozenset(("code", "level", "sentence", "action", "about"))}


async def test_no_answer_about_the_connection_holds_what_was_pasted(world: World) -> None:
    await world.install()
    saved = await world.api("PUT", "/connection", {"jwt": world.jwt})
    assert saved.status_code == 200
    for text in (
        saved.text,
        (await world.api("GET", "/connection")).text,
        (await world.open_page("/settings/connection")).text,
    ):
        assert world.jwt not in text
        assert "simulated-secret" not in text


async def test_settings_are_saved_in_part(world: World) -> None:
    await world.install()
    saved = await world.api("PUT", "/settings", {"quiet_hours": {"end": "21:00"}})
    assert saved.json()["quiet_hours"] == {"enabled": True, "start": "09:00", "end": "21:00"}


async def test_a_test_text_goes_through_the_log(world: World) -> None:
    await world.ready()
    queued = await world.api("POST", "/notifications/order_confirmed/test", {"to": ADA})
    assert queued.status_code == 200
    await world.workers_run()
    message = (await world.api("GET", f"/messages/{queued.json()['id']}")).json()
    assert message["to"] == ADA
    assert {"checks", "timeline"} <= set(message)
    assert len(world.texts_on(ADA)) == 1


async def test_an_opt_out_that_staff_recorded_is_created(world: World) -> None:
    await world.install()
    recorded = await world.api("POST", "/opt-outs", {"phone": ADA, "method": "phone", "words": "No more texts"})
    assert recorded.status_code == 201
    assert recorded.json()["phone"] == ADA


async def test_whatever_is_sent_gets_an_answer_in_json(world: World) -> None:
    await world.install()
    for method, path, content, status in SENT:
        answer = await send(world, method, path, content)
        what = f"{method} {path} {content[:60]!r}: {answer.text}"
        assert answer.status_code == status, what
        assert answer.headers["content-type"] == "application/json", what
        assert answer.headers["cache-control"] == "no-store", what
        body = answer.json()
        if status in (404, 405, 409, 413):
            assert body["error"].endswith("."), what
        if status == 422:
            assert all(sentence.endswith(".") for sentence in body["errors"].values()), what


async def test_ringcentral_being_away_is_told_with_its_own_status(world: World) -> None:
    await world.install()
    world.ringcentral.fail_next(503, path="/oauth/token", times=5)
    answer = await world.api("PUT", "/connection", {"jwt": world.jwt})
    assert answer.status_code == 503
    assert "RingCentral" in answer.json()["error"]


async def test_one_shop_never_sees_anothers_message(world: World) -> None:
    await world.ready()
    message_id = (await world.api("POST", "/notifications/order_confirmed/test", {"to": ADA})).json()["id"]
    world.shopify.add_shop(OTHER)
    world.shopify.install(OTHER)
    for method, path in (("GET", ""), ("POST", "/resend"), ("POST", "/cancel")):
        answer = await world.api(method, f"/messages/{message_id}{path}", domain=OTHER)
        assert answer.status_code == 404
    assert (await world.api("GET", "/messages", domain=OTHER)).json()["messages"] == []
    assert (await world.open_page(f"/messages/{message_id}", OTHER)).status_code == 404
