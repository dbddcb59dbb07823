"""The connection page: each check as it runs, several numbers, looking again, and leaving nothing behind."""

import json
import re
from typing import Any

import pytest

from app.core.errors import Conflict
from app.messages.conversations import key_of
from app.shops.connection import choose_number
from app.shops.disconnecting import disconnect_own
from app.shops.queries import find_shop
from app.sms.contract import Level
from tests.world import ADA, SENDER, SHOP, World

SECOND, THIRD = "+16505550177", "+16505550178"


async def steps(world: World, method: str, path: str, body: object) -> list[dict[str, Any]]:
    """The lines of an answer that tells its steps."""
    headers = {"Authorization": f"Bearer {world.shopify.id_token(SHOP)}", "Accept": "application/x-ndjson"}
    answer = await world.http.request(method, f"{world.url}/api/admin{path}", headers=headers, json=body)
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def with_a_second_number(world: World) -> dict[str, Any]:
    """The connection as described; the number added last stands first."""
    await world.ready()
    other = world.ringcentral.add_user(name="Second desk")
    world.ringcentral.add_number(other, SECOND)
    added = await world.api("PUT", "/connection", {"jwt": world.ringcentral.issue_jwt(other), "add": True})
    assert added.status_code == 200, added.text
    chosen = await world.api("PUT", "/connection/number", {"phone_number": SECOND})
    assert chosen.status_code == 200, chosen.text
    found: dict[str, Any] = chosen.json()
    return found


async def test_connecting_tells_each_check_before_and_after_it_ran(world: World) -> None:
    await world.install()
    told = await steps(world, "PUT", "/connection", {"jwt": world.jwt})
    assert [(step["code"], step["level"]) for step in told[:-1]] == [
        ("login", "running"),
        ("login", "ok"),
        ("numbers", "running"),
        ("numbers", "ok"),
        ("rights", "running"),
        ("rights", "ok"),
        ("permission.OutboundSMS", "ok"),
        ("permission.ReadMessages", "ok"),
    ]
    assert told[-1]["status"] == 200
    assert told[-1]["body"]["state"] == "number_needed"
    told = await steps(world, "PUT", "/connection/number", {"phone_number": SENDER})
    assert [step["code"] for step in told[:-1] if step["level"] == "running"] == ["number", "replies"]
    assert told[-1]["body"]["connected"] is True


async def test_a_refused_jwt_ends_the_steps_with_the_sentence_for_its_field(world: World) -> None:
    await world.install()
    world.ringcentral.revoke_jwt(world.jwt)
    *told, last = await steps(world, "PUT", "/connection", {"jwt": world.jwt})
    assert [step["level"] for step in told] == ["running"]
    assert (last["status"], list(last["body"]["errors"])) == (422, ["jwt"])


async def test_the_registration_of_a_number_is_told_in_plain_words(world: World) -> None:
    await world.ready()
    [number] = (await world.api("GET", "/connection")).json()["senders"]
    assert number["registration"]["campaign_status"] == "Confirmed"
    assert (number["used"], number["daily_limit"]) == (0, 6000)
    await world.order()
    await world.workers_run()
    page = (await world.open_page("/settings/connection")).text
    for words in ("Standard SMS", "Confirmed", "Delivery notifications", "Low volume", "1 of 6,000 texts in 24 hours"):
        assert words in page, words


async def test_a_number_that_was_chosen_before_its_registration_was_kept_is_shown_all_the_same(world: World) -> None:
    await world.ready()
    await world.deps.db.pool.execute("UPDATE senders SET numbers = '[]'")
    page = await world.open_page("/settings/connection")
    assert page.status_code == 200
    assert "Standard SMS" in page.text


async def test_looking_again_finds_what_has_changed_at_ringcentral(world: World) -> None:
    await world.ready()
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, SENDER).campaign_status = "CampaignSuspended"
    assert "What to fix in RingCentral" not in (await world.open_page("/settings/connection")).text
    again = await world.api("POST", "/connection/check")
    assert again.status_code == 200, again.text
    page = (await world.open_page("/settings/connection")).text
    assert "What to fix in RingCentral" in page
    assert "Suspended" in page
    assert any(each["level"] == "problem" for each in again.json()["findings"])


async def test_looking_again_finds_a_dead_login(world: World) -> None:
    await world.ready()
    world.ringcentral.revoke_jwt(world.jwt)
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.end_sessions(user)
    told = await steps(world, "POST", "/connection/check", {})
    assert told[-2]["level"] == "problem"
    assert told[-1]["body"]["state"] == "broken"


async def test_staff_answer_from_the_number_that_the_customer_wrote_to(world: World) -> None:
    await with_a_second_number(world)
    await world.texts_from(ADA, "Can you leave it with the neighbour?", to=SENDER)
    key = key_of(world.deps.vault.fingerprint(ADA))
    answer = await world.api("POST", f"/conversations/{key}/replies", {"text": "Of course.", "once": "first-answer"})
    assert answer.status_code == 201, answer.text
    await world.workers_run()
    assert [text["from"] for text in world.ringcentral.texts_of(ADA) if text["direction"] == "in"] == [SENDER]


async def test_each_of_several_numbers_is_paused_resumed_and_removed_by_itself(world: World) -> None:
    connection = await with_a_second_number(world)
    second, first = connection["senders"]
    assert (second["phone_number"], first["phone_number"]) == (SECOND, SENDER)
    paused = (await world.api("POST", f"/connection/senders/{first['id']}/pause")).json()
    assert [each["state"] for each in paused["senders"]] == ["ready", "paused"]
    await world.order()
    await world.workers_run()
    assert [each["from"] for each in world.ringcentral.texts_of(ADA)] == [SECOND]
    resumed = (await world.api("POST", f"/connection/senders/{first['id']}/resume")).json()
    assert [each["state"] for each in resumed["senders"]] == ["ready", "ready"]
    removed = (await world.api("DELETE", f"/connection/senders/{second['id']}")).json()
    assert [each["phone_number"] for each in removed["senders"]] == [SENDER]
    assert removed["phone_number"] == SENDER


async def test_each_of_several_numbers_is_changed_and_checked_by_itself(world: World) -> None:
    connection = await with_a_second_number(world)
    second, first = connection["senders"]
    world.ringcentral.add_number(next(iter(world.ringcentral.state.users.values())), THIRD)
    told = await steps(world, "POST", "/connection/check", {})
    assert [step["sentence"] for step in told if step.get("level") == "info"] == ["+1 650-555-0177", "+1 650-555-0100"]
    assert {step["code"].partition(".")[0] for step in told[:-1]} == {str(second["id"]), str(first["id"])}
    changed = await world.api("PUT", "/connection/number", {"phone_number": THIRD, "sender_id": first["id"]})
    assert [each["phone_number"] for each in changed.json()["senders"]] == [SECOND, THIRD]
    others = await world.api("PUT", "/connection/number", {"phone_number": THIRD, "sender_id": second["id"]})
    assert others.status_code == 422
    assert (await world.api("PUT", "/connection/number", {"phone_number": THIRD, "sender_id": 99})).status_code == 404
    renewed = await world.api("PUT", "/connection", {"jwt": world.jwt, "sender_id": first["id"]})
    assert [(each["phone_number"], each["state"]) for each in renewed.json()["senders"]] == [
        (SECOND, "ready"),
        (THIRD, "ready"),
    ]
    page = (await world.open_page("/settings/connection")).text
    for words in ("Choose another number instead of +1 650-555-0178", "Replace the JWT of +1 650-555-0177"):
        assert words in page


async def test_a_number_of_another_shop_is_not_there_to_be_paused(world: World) -> None:
    await world.ready()
    [number] = (await world.api("GET", "/connection")).json()["senders"]
    other = "other-store.myshopify.com"
    world.shopify.add_shop(other)
    await world.install(other)
    for id_, status in ((number["id"], 404), (number["id"] + 1, 404), ("x", 404), ("9" * 30, 404)):
        answer = await world.api("POST", f"/connection/senders/{id_}/pause", domain=other)
        assert answer.status_code == status
    assert (await world.api("DELETE", f"/connection/senders/{number['id']}", domain=other)).status_code == 404
    assert (await world.api("GET", "/connection")).json()["state"] == "ready"


async def test_disconnecting_leaves_neither_login_nor_subscription_of_any_number(world: World) -> None:
    await with_a_second_number(world)
    assert len(world.ringcentral.state.subscriptions) == 2
    ended = (await world.api("DELETE", "/connection")).json()
    assert (ended["state"], ended["senders"]) == ("not_connected", [])
    assert not world.ringcentral.state.subscriptions
    kept = await world.rows("SELECT 1 FROM senders WHERE credentials_encrypted IS NOT NULL")
    tokens = await world.rows("SELECT 1 FROM provider_users WHERE access_token_encrypted IS NOT NULL")
    assert (kept, tokens) == ([], [])


async def test_diagnostics_ask_anew_and_say_where_to_put_it_right(world: World) -> None:
    await world.ready()
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, SENDER).campaign_status = None
    assert "not linked to a registered campaign" not in (await world.open_page("/settings/diagnostics")).text
    found = (await world.api("POST", "/diagnostics")).json()["diagnostics"]
    assert [each["code"] for each in found if each["level"] == "problem"] == ["campaign.status"]
    page = (await world.open_page("/settings/diagnostics")).text
    assert "not linked to a registered campaign" in page
    assert '<s-button href="/settings/connection"' in page
    assert "+1 650-555-0100" in page


async def test_diagnostics_look_at_each_of_several_numbers_and_at_what_else_a_text_needs(world: World) -> None:
    connection = await with_a_second_number(world)
    second, first = connection["senders"]
    await world.deps.db.pool.execute(
        "UPDATE senders SET state = 'broken', problem = 'It broke.' WHERE id = $1", first["id"]
    )
    for kind in ("order_confirmed", "order_fulfilled"):
        await world.api("PUT", f"/notifications/{kind}", {"enabled": False})
    await world.api("PUT", "/settings", {"alert_email": "owner@demo-store.com"})
    found = (await world.api("GET", "/diagnostics")).json()["diagnostics"]
    levels = {(each["code"], each["about"]): each["level"] for each in found}
    assert levels[("ringcentral", SENDER)] == "warning"  # texts leave from the other one
    assert levels[("ringcentral", SECOND)] == "ok"
    assert (levels[("texts", None)], levels[("mail", None)]) == ("warning", "warning")
    page = (await world.open_page("/settings/diagnostics")).text
    headings = re.findall(r"<s-heading>(.*?)</s-heading>", page)
    assert sorted(headings) == ["+1 650-555-0100", "+1 650-555-0177", "Your shop"]  # each number stands there once
    own = page.split("<s-heading>+1 650-555-0100</s-heading>")[1].split("<s-heading>")[0]
    assert own.index("It broke.") < own.index("Texts leave from")  # what is wrong stands first
    assert '<s-button href="/templates"' in page
    await world.deps.db.pool.execute("UPDATE senders SET state = 'paused' WHERE id = $1", second["id"])
    found = (await world.api("GET", "/diagnostics")).json()["diagnostics"]
    assert [each["code"] for each in found if each["level"] == "problem"] == ["ringcentral"]
    home = (await world.open_page("/")).text
    assert "+1 650-555-0100: It broke." in home
    assert "You have paused sending." in home


async def test_diagnostics_say_that_ringcentral_was_away(world: World) -> None:
    await world.ready()
    world.ringcentral.fail_next(503, path="*", times=20)
    answer = await world.api("POST", "/diagnostics")
    assert answer.status_code == 200
    assert answer.json()["diagnostics"][-1]["code"] == "ringcentral_away"


async def test_a_worker_that_rests_is_a_problem_of_every_shop(world: World) -> None:
    await world.ready()
    await world.recurring_run()
    assert "The app is at work." in (await world.open_page("/settings/diagnostics")).text
    await world.advance(minutes=6)
    assert "for more than five minutes" in (await world.open_page("/settings/diagnostics")).text


async def test_a_number_chosen_while_somebody_disconnects_does_not_connect_again(world: World) -> None:
    await world.ready()
    async with world.deps.db.transaction() as session:
        shop = await find_shop(session, SHOP)
    assert shop is not None

    async def disconnect_at_the_end(code: str, level: str, _sentence: str) -> None:
        if (code, level) == ("replies", Level.OK):
            await disconnect_own(world.deps, 1)

    with pytest.raises(Conflict, match="disconnected meanwhile"):
        await choose_number(world.deps, shop, {"phone_number": SENDER}, actor="staff:1", tell=disconnect_at_the_end)
    assert (await world.api("GET", "/connection")).json()["connected"] is False
    assert {each["state"] for each in await world.rows("SELECT state FROM senders")} == {"disconnected"}
