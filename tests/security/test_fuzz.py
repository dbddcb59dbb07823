"""Whatever is sent, signed or signed in: an answer below 500, and no job that trips over it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.main import routes
from app.shopify.webhooks import topics
from tests.connect.stage import client_of
from tests.security.test_tenants import all_routes
from tests.world import ADA, SHOP, World

ODD_TEXTS = [
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udc00x",
    "é",
    "\u202e",
    "0" * 5000,
    "#1001",
    "-1",
    "null",
    ADA,
    "{{",
    "{% %}",
    "'; --",
]
ODD_NUMBERS = [0, -1, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**400, -(10**30), 0.1, 1e308, -0.0]
odd = st.recursive(
    st.sampled_from([None, True, False, *ODD_NUMBERS, *ODD_TEXTS]) | st.text(max_size=20) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(ODD_TEXTS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "name": "#9999",
    "phone": None,
    "customer": {"id": 115310627314723954, "phone": ADA, "default_address": {"country_code": "US"}},
    "shipping_address": {"phone": ADA, "country_code": "US"},
    "fulfillments": [],
}
PAYLOADS: dict[str, dict[str, Any]] = {
    "customers/data_request": {
        "customer": {"id": 1, "email": "a@b.c", "phone": ADA},
        "orders_requested": [1],
        "data_request": {"id": 1},
    },
    "customers/redact": {"customer": {"id": 1, "email": "a@b.c", "phone": ADA}, "orders_to_redact": [1, 2]},
    "shop/redact": {"shop_id": 1, "shop_domain": SHOP},
    "app/scopes_update": {"id": 1, "previous": [], "current": ["read_orders"]},
    "customers_marketing_consent/update": {"id": 1, "phone": ADA, "sms_marketing_consent": {"state": "subscribed"}},
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "POST /api-keys": {"name": "Orders", "scopes": ["orders"]},
    "POST /connect/accounts": {"connect_id": "1", "name": "Jane", "phone": "+12125550177", "email": "j@example.com"},
    "PUT /connect/accounts/{id}": {"alerts_enabled": True, "jwt": "a.b.c", "phone_number": "+16505550100"},
    "POST /connect/accounts/import": {"csv": "name,email\nJane,j@example.com", "first_line": 2},
    "PUT /connect/accounts/{id}/templates/{kind}": {"templates": {"en": "x"}, "versions": {"en": 0}},
    "POST /connect/accounts/{id}/templates/{kind}/preview": {"template": "x", "locale": "en", "values": {}},
    "POST /connect/accounts/{id}/templates/{kind}/difference": {"template": "x", "locale": "en"},
    "PUT /connect/attribution": {
        "rules": [{"field": "order_tag", "name": "", "pattern": "*", "account_id": None}, {"field": "landing_page"}]
    },
    "POST /connect/attribution/try": {"rules": {"0": {"field": "order_tag", "pattern": "a*", "account_id": "1"}}},
    "POST /connect/imports": {"dry_run": True, "since": "2026-10-01"},
    "POST /vitals": {"metrics": [{"name": "LCP", "value": 900}, {"name": "CLS", "value": 0.05}]},
    "POST /connect/imports/{id}/pause": {},
    "POST /connect/imports/{id}/resume": {},
    "POST /connect/imports/{id}/stop": {},
    "POST /connect/webhooks": {"url": "https://example.com/hook", "events": ["api_client_granted_user_created"]},
    "POST /connect/webhook-calls/{id}/replay": {},
    "POST /connection/check": {},
    "POST /connection/pause": {},
    "POST /connection/senders/{id}/pause": {},
    "POST /connection/senders/{id}/resume": {},
    "POST /connection/resume": {},
    "POST /consent/evidence/link": {"phone": "+12125550123", "format": "html"},
    "POST /consent/doubtful/{id}/confirm": {},
    "POST /consent/doubtful/{id}/release": {},
    "POST /consent/drift/{id}/settle": {},
    "PUT /consent/policy": {"policy": "marketing", "wording": "x", "place": "checkout", "confirmed": True},
    "POST /conversations/{key}/replies": {"text": "Hello", "token": "x"},
    "POST /diagnostics": {},
    "POST /exports": {"status": "failed"},
    "POST /notifications/{kind}/difference": {"template": "x", "locale": "en"},
    "POST /opt-ins": {"phone": "+12125550123", "method": "paper", "evidence": "form", "wording": "yes"},
    "PUT /connection": {"jwt": "a.b.c", "client_id": "x", "client_secret": "y", "server": "https://platform.ringcentral.com"},
    "PUT /connection/number": {"phone_number": "+16505550100"},
    "PUT /settings": {
        "quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"},
        "stop_confirmation": "auto",
        "contact_phone": "+16505550100",
        "confirmation_max_age_minutes": 60,
        "countries": ["US"],
        "time_zone": "America/New_York",
        "missed_events": "skip",
        "retention": {"texts_days": 9, "phones_days": 9, "deliveries_days": 9},
    },
    "PUT /notifications/{kind}": {"enabled": True, "templates": {"en": "Hi {{ order.name }} Reply STOP to opt-out."}},
    "POST /notifications/{kind}/preview": {"locale": "en", "template": "{{ order.name }}", "order_id": "1"},
    "POST /notifications/{kind}/test": {"to": "12"},
    "POST /opt-outs": {"phone": ADA, "method": "phone", "words": "stop"},
}  # fmt: skip
RAW = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"1e999",
    b"9" * 20_000,
    b"NaN",
    b"{}" * 3,
]


def examples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """*count* examples, the same in every run."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def spoilt(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """*good* with one value, somewhere, replaced by something odd."""
    return st.builds(replaced, st.just(good), st.sampled_from(sorted(paths(good))), odd)


def each_spoilt(good: dict[str, Any]) -> list[dict[str, Any]]:
    """*good* with every value in turn replaced by every odd text and number."""
    odds: list[Any] = [None, True, [], {}, [[]], *ODD_NUMBERS, *ODD_TEXTS]
    return [replaced(good, path, value) for path in paths(good) for value in odds]


def paths(value: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [path for key in value for path in ((*above, key), *paths(value[key], (*above, key)))]


def replaced(good: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(good)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def encoded(value: Any) -> bytes:
    """Lone surrogates as JSON escapes, as a careless sender would write them."""
    return json.dumps(value).encode("ascii")


@pytest.mark.slow
async def test_no_webhook_body_is_answered_with_500_or_trips_a_job(world: World) -> None:
    await world.ready()
    await world.workers_run()
    declared = {each.topic for each in topics.subscribers.values()} - {"app/uninstalled", "shop/redact"}
    number = 0
    for topic in sorted(declared):
        good = PAYLOADS.get(topic, ORDER)
        systematic = each_spoilt(good) if topic == "orders/create" or topic in PAYLOADS else []
        chosen = [*systematic, *examples(spoilt(good), 20), *examples(odd, 10)]
        for body in [*(encoded(each) for each in chosen), *RAW]:
            number += 1
            answer = await world.shopify.send_webhook(SHOP, topic, body, webhook_id=f"fuzz-{number}")
            assert answer.status_code == 200, (topic, body[:200])
        await world.workers_run()
    unfinished = await world.rows("SELECT topic, state, outcome FROM deliveries WHERE state < 2")
    assert unfinished == []
    assert await world.rows("SELECT entrypoint, status FROM pgqueuer WHERE entrypoint = 'webhooks.handle'") == []
    assert (await world.open_page("/messages")).status_code == 200


async def test_leaving_with_any_body_works(world: World) -> None:
    for topic in ("app/uninstalled", "shop/redact"):
        await world.install()
        for number, body in enumerate([*RAW, *(encoded(each) for each in examples(odd, 15))]):
            assert (
                await world.shopify.send_webhook(SHOP, topic, body, webhook_id=f"{topic}{number}")
            ).status_code == 200
        await world.workers_run()
    assert await world.rows("SELECT 1 FROM deliveries WHERE state < 2") == []


def filled(path: str) -> str:
    return (
        path.replace("{kind}", "order_confirmed").replace("{id}", "1").replace("{key}", "x").replace("{turn}", "pause")
    )


@pytest.mark.slow
async def test_no_json_endpoint_answers_500(world: World) -> None:
    await world.ready()
    world.ringcentral.fail_next(401, path="/oauth/token", times=10_000)
    served = {f"{m} {p.removeprefix('/api/admin')}" for m, p in all_routes(routes()) if p.startswith("/api/admin/")}
    writing = {each for each in served if each.startswith(("PUT", "POST"))}
    without_body = {each for each in writing if each.endswith(("/resend", "/cancel", "/link", "/export", "/secret"))}
    assert writing - without_body <= set(BODIES), "teach this test the new endpoint"
    for target in sorted(writing):
        method, path = target.split(" ")
        good = BODIES.get(target, {})
        bodies = [encoded(each) for each in each_spoilt(good)]
        bodies += [encoded(each) for each in examples(odd, 6)] + RAW
        for body in bodies:
            # Time passes, or used-up calls to RingCentral would hide what this looks for.
            world.clock.advance(seconds=90)
            answer = await world.http.request(
                method,
                f"{world.url}/api/admin{filled(path)}",
                headers={"Authorization": f"Bearer {world.shopify.id_token(SHOP)}"},
                content=body,
            )
            assert answer.status_code < 500, (target, body[:200], answer.text)
            assert answer.status_code != 429, (target, answer.text, "a limit would hide what this looks for")
            assert answer.headers["content-type"] == "application/json"
    assert (await world.open_page("/settings")).status_code == 200


QUERIES: list[Callable[[str], str]] = [
    lambda odd_text: f"/messages?q={odd_text}",
    lambda odd_text: f"/messages?before={odd_text}",
    lambda odd_text: f"/api/admin/messages?status={odd_text}&kind={odd_text}",
    lambda odd_text: f"/messages/{odd_text}",
    lambda odd_text: f"/templates/{odd_text}",
    lambda odd_text: f"/settings/{odd_text}",
    lambda odd_text: f"/analytics?days=0090{odd_text}",
    lambda odd_text: f"/connect/accounts/{odd_text}",
    lambda odd_text: f"/connect/attribution?try={odd_text}",
    lambda odd_text: f"/connect/requests?before={odd_text}",
    lambda odd_text: f"/consent/number?phone={odd_text}",
    lambda odd_text: f"/auth/bounce?shop={odd_text}&shopify-reload={odd_text}",
    lambda odd_text: f"/data-requests/{odd_text}",
    lambda odd_text: f"/static/{odd_text}/{odd_text}",
    lambda odd_text: f"/?shop={odd_text}&host={odd_text}&locale={odd_text}&id_token={odd_text}",
]


async def test_no_address_answers_500(world: World) -> None:
    await world.ready()
    texts = [
        "",
        "%00",
        "%ff%fe",
        "%ED%A0%80",
        "..%2f..%2fetc%2fpasswd",
        "9" * 60,
        "9" * 5000,
        "-1",
        "1e9",
        "%27%3B--",
        "%0d%0aX:%20y",
        "é",
    ]
    for build in QUERIES:
        for odd_text in texts:
            for headers in ({}, {"Authorization": f"Bearer {world.shopify.id_token(SHOP)}"}):
                answer = await world.http.get(world.url + build(odd_text), headers=headers)
                assert answer.status_code < 500, build(odd_text)
                assert "x" not in answer.headers
    for path in (
        "/auth/callback?hmac=%ff&shop=%00&timestamp=9&state=%00",
        "/auth/install?shop=%00",
        "/%00",
        "/a%2f..%2f",
    ):
        assert (await world.http.get(world.url + path)).status_code < 500, path


async def test_a_number_of_thousands_of_digits_is_refused_wherever_an_id_is_read(world: World) -> None:
    await world.ready()
    digits = "9" * 5000
    assert (await world.api("POST", f"/data-requests/{digits}/link")).status_code == 404
    assert (await world.api("POST", f"/connection/senders/{digits}/pause")).status_code == 404
    client = await client_of(world)
    assert (await client.notify(body="x", user_id=digits)).status_code == 422
    assert (await client.broadcast(body="x", user_ids=[digits])).status_code == 422
