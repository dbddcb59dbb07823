"""The addresses about consent: shapes, what one shop may see, and the evidence file."""

import re
from typing import Any

import pytest

from app.consent.keywords import MATCHER_VERSION
from tests.world import ADA, SENDER, SHOP, World

OTHER = "other-store.myshopify.com"
EVIDENCE = "/consent/evidence?phone=%2B12125550123"


async def a_life_with_texts(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "where is it? <b>now</b>")
    await world.texts_from(ADA, "STOP")
    await world.order()
    await world.workers_run()


async def evidence(world: World, **options: Any) -> dict[str, Any]:
    response = await world.api("GET", EVIDENCE, **options)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_the_evidence_holds_every_event_text_check_and_reply_with_local_time(world: World) -> None:
    await a_life_with_texts(world)
    file = await evidence(world)
    assert (file["phone"], file["state"], file["time_zone"]) == (ADA, "opted_out", "America/New_York")
    assert file["chain"]["intact"]
    stop = next(each for each in file["consent_events"] if each["source"] == "sms")
    assert (stop["words"], stop["rule"], stop["matcher_version"]) == ("STOP", "exact:stop", MATCHER_VERSION)
    assert (stop["before"], stop["after"], stop["confirmation"]) == ("not_suppressed", "suppressed", "provider")
    assert stop["local_time"] == "2026-11-23 12:00:00 EST"
    first = file["texts"][0]
    assert first["text"].endswith("Reply STOP to opt-out.")
    assert (first["from"], first["local_time"]) == (SENDER, "2026-11-23 12:00:00 EST")
    assert {"consent_subscribed", "not_opted_out"} <= {check["code"] for check in first["checks"]}
    assert [each["text"] for each in file["replies"]] == ["where is it? <b>now</b>", "STOP"]


async def test_the_evidence_prints_and_escapes_what_customers_wrote(world: World) -> None:
    await a_life_with_texts(world)
    printed = await world.api("GET", EVIDENCE + "&format=html")
    assert printed.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in printed.headers["content-security-policy"]
    assert "The record is intact." in printed.text
    assert "&lt;b&gt;now&lt;/b&gt;" in printed.text
    assert "<b>" not in printed.text
    assert len(re.findall(r"<code>[0-9a-f]{64}</code>", printed.text)) >= 3


async def test_a_changed_record_is_said_to_be_changed(world: World) -> None:
    await a_life_with_texts(world)
    await world.deps.db.pool.execute(
        "ALTER TABLE consent_events DISABLE TRIGGER USER; UPDATE consent_events SET rule = 'exact:start' WHERE seq = 1"
    )
    assert (await evidence(world))["chain"]["broken_at"] == 1
    assert "does not hold at event 1" in (await world.api("GET", EVIDENCE + "&format=html")).text


async def test_after_an_erasure_the_evidence_proves_without_words(world: World) -> None:
    await a_life_with_texts(world)
    await world.shopify.send_customers_redact(SHOP, world.ada)
    await world.workers_run()
    file = await evidence(world)
    assert file["chain"]["intact"]
    assert {each["words"] for each in file["consent_events"]} == {None}
    assert file["texts"] == []
    assert file["replies"] == []
    assert file["state"] == "opted_out"


async def test_another_shop_sees_nothing_of_it(world: World) -> None:
    await a_life_with_texts(world)
    world.shopify.add_shop(OTHER, name="Other Store")
    await world.install(OTHER)
    await world.texts_from(ADA, "you said reply STOP to opt out")
    file = await evidence(world, domain=OTHER)
    assert (file["consent_events"], file["texts"], file["replies"], file["state"]) == ([], [], [], "open")
    assert (await world.api("GET", "/consent/doubtful", domain=OTHER)).json() == {"doubtful": []}
    [held] = await world.rows("SELECT id FROM suppressions")
    for path in (f"/consent/doubtful/{held['id']}/release", f"/consent/doubtful/{held['id']}/confirm"):
        assert (await world.api("POST", path, domain=OTHER)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/consent/evidence", None, 422),
        ("GET", "/consent/evidence?phone=nobody", None, 422),
        ("GET", "/consent/evidence?phone=%00", None, 422),
        ("POST", "/consent/drift/1/settle", None, 404),
        ("POST", "/consent/drift/x/settle", None, 404),
        ("POST", f"/consent/drift/{'9' * 30}/settle", None, 404),
        ("POST", "/consent/doubtful/0/release", None, 404),
        ("POST", "/opt-ins", {"phone": ADA, "evidence": 7}, 422),
        ("POST", "/opt-ins", {"phone": ADA, "evidence": "x" * 501}, 422),
        ("POST", "/opt-ins", {"phone": ADA, "evidence": "Signed our form.", "wording": []}, 422),
        ("PUT", "/consent/policy", {"policy": []}, 422),
        ("PUT", "/consent/policy", {"policy": "order_updates", "wording": "x" * 1001, "place": "shop"}, 422),
    ],
)
async def test_what_cannot_be_meant_gets_a_sentence(
    world: World, method: str, path: str, body: object, status: int
) -> None:
    await world.install()
    response = await world.api(method, path, body)
    assert response.status_code == status
    assert response.json().get("error") or response.json()["errors"]


async def test_the_rules_are_shown_with_source_and_age(world: World) -> None:
    await world.install()
    rules = (await world.api("GET", "/consent/quiet-rules")).json()["rules"]
    texas = next(each for each in rules if each["place"] == "US-TX")
    assert texas["windows"][1] == {"weekdays": "6", "start": "12:00", "end": "21:00"}
    assert set(texas) >= {"sources", "taken_over", "age_days", "old", "note", "daily_cap"}
