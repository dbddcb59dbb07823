"""The addresses about consent: shapes, what one shop may see, and the evidence file."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from app.admin.evidence import evidence_page
from app.consent import chain
from app.consent.keywords import MATCHER_VERSION
from app.shops.queries import find_shop
from app.simulator.ringcentral.handsets import record_consent
from tests.polaris import strangers
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


async def test_the_evidence_begins_at_once_and_says_how_far_its_check_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 1)
    await a_life_with_texts(world)
    await world.texts_from(ADA, "START")
    async with world.deps.db.transaction() as session:
        shop = await find_shop(session, SHOP)
    assert shop is not None
    first, *shares, last = [piece async for piece in evidence_page(world.deps, shop, ADA).body_iterator]
    assert "is being verified" in str(first)
    assert "The record is intact." not in str(first)
    told = [int(share) for piece in shares for share in re.findall(r"inline-size: (\d+)%", str(piece))]
    assert len(told) >= 2
    assert (told[-1], told) == (100, sorted(told))
    assert "The record is intact." in str(last)
    broken = evidence_page(replace(world.deps, vault=None), shop, ADA)  # type: ignore[arg-type]
    assert "could not be read" in str([piece async for piece in broken.body_iterator][-1])


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


CHECK = "/consent/check?phone=%2B12125550123"


async def checked(world: World, path: str = CHECK) -> dict[str, Any]:
    response = await world.api("GET", path)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def lists(standing: dict[str, Any]) -> tuple[str, ...]:
    return tuple(standing["lists"][side]["state"] for side in ("app", "shopify", "ringcentral"))


def against(standing: dict[str, Any]) -> tuple[str, set[str]]:
    """The verdict, and what has not passed."""
    return standing["verdict"], {check["code"] for check in standing["checks"] if not check["passed"]}


async def test_one_number_is_checked_like_at_the_gate_and_on_all_three_lists(world: World) -> None:
    await world.ready()
    fine = await checked(world)
    assert (fine["verdict"], fine["reason"]) == ("yes", None)
    assert lists(fine) == ("open", "subscribed", "open")
    assert all(check["passed"] for check in fine["checks"])
    await world.api("PUT", "/settings", {"countries": ["CA"]})
    assert against(await checked(world)) == ("no", {"country_not_allowed"})
    await world.api("PUT", "/settings", {"countries": ["US"], "quiet_hours": {"enabled": True}})
    await world.advance(hours=10)
    assert against(await checked(world)) == ("later", {"quiet_hours"})
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": False}})
    await world.texts_from(ADA, "you said reply STOP to opt out")
    assert against(await checked(world)) == ("later", {"held_for_decision"})
    await world.texts_from(ADA, "STOP")
    stopped = await checked(world)
    assert lists(stopped) == ("opted_out", "unsubscribed", "opted_out")
    assert stopped["reason"] == "The customer has unsubscribed from text messages in Shopify."
    assert against(stopped) == ("no", {"unsubscribed", "opted_out"})


async def test_who_was_never_asked_may_be_texted_only_under_the_shops_own_words(world: World) -> None:
    await world.ready()
    await world.shopify.set_consent(SHOP, world.ada, "NEVER_SUBSCRIBED")
    assert against(await checked(world)) == ("no", {"not_subscribed"})
    words = "I agree to texts about my order. Reply STOP to end them."
    declared = {"policy": "order_updates", "wording": words, "place": "checkout", "confirmed": True}
    assert (await world.api("PUT", "/consent/policy", declared)).status_code == 200
    assert against(await checked(world)) == ("yes", set())


async def test_a_side_that_does_not_answer_is_never_taken_for_a_yes(world: World) -> None:
    await world.ready()
    world.ringcentral.fail_next(503, path="/sms/consents/search")
    assert against(await checked(world)) == ("yes", {"provider_unknown"})
    world.shopify.fail_next("graphql", status=402)
    standing = await checked(world)
    assert against(standing) == ("unknown", {"shopify_unknown"})
    assert lists(standing) == ("open", "unknown", "open")
    platform = world.ringcentral
    record_consent(platform, platform.state.numbers[SENDER], ADA, "OptOut", source="Upstream")
    assert against(await checked(world)) == ("no", {"opted_out"})


async def test_a_number_nobody_knows_is_checked_too(world: World) -> None:
    await world.install()
    standing = await checked(world, "/consent/check?phone=%2B14155550199")
    assert (standing["verdict"], lists(standing)) == ("no", ("open", "no_customer", "not_connected"))
    assert (await world.api("GET", "/consent/check?phone=nobody")).status_code == 422


async def test_the_evidence_file_is_downloaded_by_an_address_that_works_once(world: World) -> None:
    await a_life_with_texts(world)
    for wanted, kind in (("html", "text/html; charset=utf-8"), ("json", "application/json")):
        made = await world.api("POST", "/consent/evidence/link", {"phone": ADA, "format": wanted})
        assert made.status_code == 201
        file = await world.http.get(world.url + made.json()["url"])
        assert (file.status_code, file.headers["content-type"]) == (200, kind)
        assert file.headers["cache-control"] == "no-store"
        assert "Reply STOP to opt-out." in file.text
        saved = 'filename="consent-12125550123-2026-11-23.json"' in file.headers.get("content-disposition", "")
        assert saved is (wanted == "json")
        assert (await world.http.get(world.url + made.json()["url"])).status_code == 410
    for wrong in ({"phone": "12"}, {"phone": ADA, "format": "pdf"}, {}):
        assert (await world.api("POST", "/consent/evidence/link", wrong)).status_code == 422


async def test_the_page_of_a_number_tells_its_story_and_the_form_says_what_is_wrong(world: World) -> None:
    await a_life_with_texts(world)
    query = world.shopify.document_query(SHOP, "/consent/number")
    page = (await world.http.get(f"{world.url}/consent/number?{query}&phone=%2B12125550123")).text
    assert strangers(page) == set()
    for words in (
        "This number gets no order texts",
        "“STOP”",
        "Opted out",
        "RingCentral's own list blocks",
        "Your number +1 650-555-0100",
    ):
        assert words in unescape(page)
    empty = await world.http.get(f"{world.url}/consent/number?{query}&phone=%00%3Cb%3E")
    assert empty.status_code == 200
    assert "Give a mobile number with its area code" in empty.text
    assert "<b>" not in empty.text


async def test_the_page_lists_what_waits_for_a_decision_and_what_disagrees(world: World) -> None:
    await world.ready()
    assert "may mean STOP" not in (await world.open_page("/")).text
    page = (await world.open_page("/consent")).text
    assert "Waiting for your decision" not in page
    assert "Lists that disagree" not in page
    await world.texts_from(ADA, "you said <i>reply STOP</i> to opt out")
    noah = world.shopify.add_customer(SHOP, first_name="Noah", phone="+14155550167")
    await world.texts_from("+14155550167", "STOP")
    await world.advance(minutes=1)
    await world.shopify.set_consent(SHOP, noah, "SUBSCRIBED")
    await world.workers_run()
    home = (await world.open_page("/")).text
    assert "Replies that may mean STOP: 1. Texts to these numbers wait." in home
    assert strangers(home) == set()
    page = (await world.open_page("/consent")).text
    assert "Waiting for your decision" in page
    assert "Lists that disagree" in page
    assert "<i>" not in page
    assert strangers(page) == set()
