"""Who agreed that an account itself is texted about orders: the merchant states it, the person decides."""

from typing import Any

import pytest

from app.connect.agreement import STATEMENT
from tests.connect.stage import JANE_MOBILE, client_of, jane, jane_texts
from tests.hosted.person import Person, invitation, joined
from tests.world import World

OTHER_MOBILE = "+14155550199"


async def consent_events(world: World) -> list[tuple[Any, ...]]:
    rows = await world.rows("SELECT change, source, method, wording, at, actor FROM consent_events ORDER BY seq")
    return [tuple(row) for row in rows if str(row[0]).startswith("account_")]


async def notify(world: World, **fields: Any) -> None:
    client = await client_of(world, "messages:write")
    answer = await client.notify(body="A new order has been added to your account.", connect_id="jane-1", **fields)
    assert answer.status_code == 201, answer.text


async def test_whoever_gives_a_mobile_number_states_that_its_owner_agreed(world: World) -> None:
    await world.install()
    account_id = await jane(world)
    lines = f"name,phone\nOmar Haddad,{OTHER_MOBILE}\nNo Phone,\n"
    await world.api("POST", "/connect/accounts/import", {"csv": lines})
    await world.api("PUT", f"/connect/accounts/{account_id}", {"phone": "(415) 555-0133", "name": "Jane D."})
    await world.api("PUT", f"/connect/accounts/{account_id}", {"phone": "+14155550177"})
    found = await consent_events(world)
    assert [each[:4] for each in found] == [
        ("account_texts_stated", "staff", method, STATEMENT) for method in ("invitation", "csv", "account_page")
    ]
    assert {each[4] for each in found} == {world.clock()}
    assert all(each[5].startswith("staff:") for each in found), found
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert account["agreement"] == {"at": world.clock().isoformat(), "by": found[2][5], "method": "account_page"}


async def test_the_statement_is_kept_in_the_words_that_were_read(world: World) -> None:
    await world.install()
    person = {"name": "Jane Doe", "phone": JANE_MOBILE}
    await world.http.post(
        f"{world.url}/api/admin/connect/accounts",
        json=person,
        headers={
            "Authorization": f"Bearer {world.shopify.id_token('demo-store.myshopify.com')}",
            "Accept-Language": "de",
        },
    )
    [(_, _, _, wording, _, _)] = await consent_events(world)
    assert wording.startswith("Mit der Angabe einer Mobilnummer erklären Sie")


async def test_who_joins_agrees_to_texts_only_by_ticking_the_box(world: World) -> None:
    """The shop's statement brings the invitation; from joining on the person's own word counts."""
    await world.ready()
    account_id = await jane(world)
    person = Person(world)
    await person.open_invitation(await invitation(world, account_id))
    assert 'name="notify_by_sms" value="1"><span>' in person.seen.text
    assert 'name="notify_by_email" value="1" checked>' in person.seen.text
    await person.agree(name="", notify_by_sms="1")
    assert 'name="notify_by_sms" value="1" checked>' in person.seen.text, "her own tick outlives a form sent back"
    await person.agree(notify_by_sms="")
    await notify(world)
    await world.workers_run()
    assert world.texts_on(JANE_MOBILE) == []
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert (account["notify_by_sms"], account["notify_by_email"]) == (False, True)
    await person.post("/settings/save", notify_by_sms="1", notify_by_email="1", history="no")
    await notify(world)
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == 1
    assert [each[0] for each in await consent_events(world)] == [
        "account_texts_stated",
        "account_texts_refused",
        "account_texts_wished",
    ]


async def test_who_was_invited_and_says_no_is_written_to_no_more(world: World) -> None:
    await world.ready()
    account_id = await jane(world)
    await notify(world, send_at="2026-11-24T12:00:00-05:00")
    person = Person(world)
    await person.open_invitation(await invitation(world, account_id))
    assert "Message and data rates may apply" in person.text
    await person.post("/decline", token=person.hidden("token"))
    assert "You have said no" in person.text
    await notify(world)
    await world.advance(days=2)
    await world.workers_run()
    assert world.texts_on(JANE_MOBILE) == []
    [scheduled] = await world.rows("SELECT state, reason_code FROM messages")
    assert tuple(scheduled) == ("cancelled", "account_refused")
    assert [each[:2] for each in await consent_events(world)][1:] == [("account_texts_refused", "connect_page")]
    again = Person(world)
    await again.open_invitation(await invitation(world, account_id))
    assert 'name="notify_by_sms" value="1" checked' not in again.seen.text
    await again.agree()
    await notify(world)
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == 1


@pytest.mark.parametrize("road", ["invited", "imported", "given to another"])
async def test_a_no_outlives_the_invitation_that_it_was_said_to(world: World, road: str) -> None:
    await world.ready()
    account_id = await jane(world)
    person = Person(world)
    await person.open_invitation(await invitation(world, account_id))
    await person.post("/decline", token=person.hidden("token"))
    said_at = world.clock().isoformat()
    await world.advance(minutes=5)
    await world.api("DELETE", f"/connect/accounts/{account_id}")
    if road == "imported":
        lines = f"name,connect_id,phone\nJane Doe,jane-1,{JANE_MOBILE}\nOmar Haddad,omar-1,{OTHER_MOBILE}\n"
        await world.api("POST", "/connect/accounts/import", {"csv": lines})
    elif road == "invited":
        await jane(world)
    else:
        made = await world.api("POST", "/connect/accounts", {"name": "J", "connect_id": "jane-1", "email": "j@x.com"})
        again = f"/connect/accounts/{made.json()['id']}"
        assert (await world.api("PUT", again, {"phone": JANE_MOBILE, "notify_by_sms": True})).status_code == 422
        assert (await world.api("PUT", again, {"phone": JANE_MOBILE})).status_code == 200
    accounts = {each["connect_id"]: each for each in (await world.api("GET", "/connect/accounts")).json()["accounts"]}
    assert (accounts["jane-1"]["notify_by_sms"], accounts["jane-1"]["refused_sms_at"]) == (False, said_at)
    assert all(each["notify_by_sms"] for own_id, each in accounts.items() if own_id != "jane-1")
    await notify(world)
    await world.workers_run()
    assert world.texts_on(JANE_MOBILE) == []


async def declined(world: World, account_id: int) -> Person:
    person = Person(world)
    await person.open_invitation(await invitation(world, account_id))
    await person.post("/decline", token=person.hidden("token"))
    assert "You have said no" in person.text, person.text
    return person


async def test_after_a_no_nobody_in_the_shop_acts_in_the_persons_name(world: World) -> None:
    await world.ready()
    account_id = await jane_texts(world)
    await declined(world, account_id)
    user = world.ringcentral.add_user(name="Somebody")
    for form, status in (
        ({"alerts_enabled": True}, 422),
        ({"notify_by_sms": True}, 422),
        ({"notify_by_email": True}, 422),
        ({"jwt": world.ringcentral.issue_jwt(user)}, 409),
        ({"name": "Jane D.", "alerts_enabled": False}, 200),
    ):
        answer = await world.api("PUT", f"/connect/accounts/{account_id}", form)
        assert (answer.status_code, "said no" in answer.text or status == 200) == (status, True), (form, answer.text)
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert (account["alerts_enabled"], account["can_text"]) == (False, False)
    page = await world.open_page(f"/connect/accounts/{account_id}")
    assert page.text.count("This person said no on") == 3
    person = Person(world)
    await person.open_invitation(account["invite_url"])
    await person.agree()
    assert (await world.api("PUT", f"/connect/accounts/{account_id}", {"alerts_enabled": True})).status_code == 200


@pytest.mark.parametrize("road", ["declined", "switched off", "left"])
async def test_a_no_by_email_alone_is_known_when_the_same_person_is_invited_again(world: World, road: str) -> None:
    await world.ready()
    by_email = {"name": "Jane Doe", "email": "Jane@Example.com"}
    first = (await world.api("POST", "/connect/accounts", by_email)).json()
    if road == "declined":
        await declined(world, first["id"])
    else:
        person = Person(world)
        await person.open_invitation(first["invite_url"])
        await person.agree(notify_by_sms="", notify_by_email="")
        await person.post(*("/leave",) if road == "left" else ("/home/alerts",), sure="1", on="0")
    if road == "switched off":
        switched_on = await world.api("PUT", f"/connect/accounts/{first['id']}", {"alerts_enabled": True})
        assert "alerts_enabled" in switched_on.json()["errors"]
    await world.api("DELETE", f"/connect/accounts/{first['id']}")
    again = (await world.api("POST", "/connect/accounts", {"name": "J", "email": "jane@example.com"})).json()
    assert [again[f"refused_{what}_at"] is not None for what in ("sms", "email", "alerts")] == [True] * 3
    assert (again["notify_by_sms"], again["notify_by_email"]) == (False, False)
    switched_on = await world.api("PUT", f"/connect/accounts/{again['id']}", {"alerts_enabled": True})
    assert switched_on.status_code == 422, switched_on.text
    other = (await world.api("POST", "/connect/accounts", {"name": "Omar", "email": "omar@example.com"})).json()
    changed = await world.api("PUT", f"/connect/accounts/{other['id']}", {"email": "JANE@example.com"})
    assert changed.json()["refused_alerts_at"] == again["refused_alerts_at"]


async def test_who_changed_their_mind_is_texted_when_invited_again(world: World) -> None:
    await world.ready()
    person, account_id = await joined(world)
    await person.post("/settings/save", history="no")
    await person.post("/settings/save", notify_by_sms="1", history="no")
    await world.api("DELETE", f"/connect/accounts/{account_id}")
    await jane(world)
    await notify(world)
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == 1


async def test_what_the_person_switched_off_nobody_in_the_shop_switches_on(world: World) -> None:
    await world.ready()
    person, account_id = await joined(world)
    await person.post("/settings/save", notify_by_email="1", history="no")
    for switch, status in ((True, 422), (False, 200)):
        answer = await world.api("PUT", f"/connect/accounts/{account_id}", {"notify_by_sms": switch})
        assert answer.status_code == status
        assert switch is False or answer.json()["errors"]["notify_by_sms"].startswith("This person has said no")
    assert (await world.api("PUT", f"/connect/accounts/{account_id}", {"notify_by_email": True})).status_code == 200
    await notify(world)
    await world.workers_run()
    assert world.texts_on(JANE_MOBILE) == []
    await person.post("/settings/save", notify_by_sms="1", history="no")
    await notify(world)
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == 1
    changes = [each[0].removeprefix("account_texts_") for each in await consent_events(world)]
    assert changes == ["stated", "wished", "refused", "wished"]


@pytest.mark.parametrize("invited_only", [True, False])
async def test_stop_ends_notifications_and_broadcasts(world: World, *, invited_only: bool) -> None:
    await world.ready()
    if invited_only:
        await jane(world)
    else:
        await joined(world)
    await notify(world)
    await world.workers_run()
    await world.texts_from(JANE_MOBILE, "STOP")
    before = len(world.texts_on(JANE_MOBILE))
    await notify(world)
    client = await client_of(world, "messages:write")
    await client.broadcast(body="We open at nine.")
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == before
    waiting = await world.rows("SELECT state, reason_code FROM messages WHERE kind = 'connect_notice' ORDER BY id")
    assert [tuple(each) for each in waiting[1:]] == [("skipped", "opted_out")] * 2


async def test_who_left_is_sent_nothing_that_still_waited(world: World) -> None:
    await world.ready()
    person, _ = await joined(world)
    await notify(world, send_at="2026-11-24T12:00:00-05:00")
    await person.post("/leave", sure="1")
    await world.advance(days=2)
    await world.workers_run()
    assert world.texts_on(JANE_MOBILE) == []
