"""Joining, signing in and leaving on the hosted Connect page, over HTTP and without JavaScript."""

import hashlib
import hmac
import json
import re
from typing import Any

import pytest

from app.connect import sign_in
from app.connect.joining import read_claim, sign_claim, signing_secret
from app.shops.queries import find_shop
from app.sms.contract import Access, Number
from tests.connect.stage import JANE_MOBILE, JANE_OWN, jane, jane_texts
from tests.connect.test_accounts import receiving
from tests.hosted.person import PAGE, Person, code_on, invitation, joined
from tests.world import ADA, SENDER, SHOP, World

STRANGER = "+14155550199"


async def events_of(world: World, receiver: Any) -> list[tuple[str, dict[str, Any]]]:
    await world.workers_run()
    return [(json.loads(body)["event"], json.loads(body)["data"]) for _, body in receiver.received]


async def test_from_the_invitation_to_leaving_and_the_organisation_is_told_of_both(world: World) -> None:
    await world.ready()
    async with receiving() as receiver:
        await world.api("POST", "/connect/webhooks", {"url": receiver.url})
        account_id = await jane(world)
        url = await invitation(world, account_id)
        person = Person(world)
        await person.open_invitation(url)
        assert "Join Demo Store" in person.text
        assert "What Demo Store may do" in person.text
        assert (await world.api("GET", f"/connect/accounts/{account_id}")).json()["status"] == "invited"
        await person.agree(name="Jane D. Doe", history="yes")
        assert "Welcome! You have joined Demo Store." in person.text
        assert person.path == f"{PAGE}/home"
        account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
        assert (account["status"], account["name"], account["alerts_enabled"]) == ("granted", "Jane D. Doe", False)
        assert account["import_history"] == "yes"
        [(event, data)] = await events_of(world, receiver)
        assert event == "api_client_granted_user_created"
        assert (data["user_id"], data["connect_id"]) == (account_id, "jane-1")
        assert data["connect_import_order_history_at"] == account["connect_import_order_history_at"] is not None
        again = Person(world)
        await again.open_invitation(url)
        assert (again.seen.status_code, "has been used" in again.text) == (403, True)
        await person.post("/leave")
        assert "Leave Demo Store?" in person.text
        await person.post("/leave", sure="1")
        assert "You have left" in person.text
        assert (await world.api("GET", f"/connect/accounts/{account_id}")).json()["status"] == "revoked"
        assert [each[0] for each in await events_of(world, receiver)][1:] == ["api_client_granted_user_deleted"]


async def test_leaving_ends_every_visit_erases_the_credentials_and_may_be_undone(world: World) -> None:
    await world.ready()
    account_id = await jane_texts(world)
    here, there = Person(world), Person(world)
    await here.open_invitation(await invitation(world, account_id))
    await here.agree()
    await there.sign_in_by_text()
    old = there.session
    await here.post("/leave", sure="1")
    await there.post("/home", session=old)
    assert there.seen.status_code == 401
    assert "You have been signed out" in there.text
    assert (
        await world.rows("SELECT 1 FROM senders WHERE account_id IS NOT NULL AND credentials_encrypted IS NOT NULL")
        == []
    )
    await here.sign_in_by_text()
    assert "Join Demo Store" in here.text  # who left agrees anew
    await here.agree()
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert (account["status"], account["alerts_enabled"]) == ("granted", False)


async def test_the_merchant_cannot_give_a_permission_again_that_was_taken_back(world: World) -> None:
    await world.ready()
    person, account_id = await joined(world)
    url = await invitation(world, account_id)
    await person.post("/leave", sure="1")
    for change in ({"alerts_enabled": True}, {"jwt": world.jwt}):
        refused = await world.api("PUT", f"/connect/accounts/{account_id}", change)
        assert (refused.status_code, "taken back" in refused.json()["error"]) == (409, True)
    account = (await world.api("PUT", f"/connect/accounts/{account_id}", {"name": "Jane D."})).json()
    assert (account["status"], account["name"], account["alerts_enabled"]) == ("revoked", "Jane D.", False)
    await person.open_invitation(url)
    assert person.seen.status_code == 403  # the old link ended with the permission
    await person.open_invitation(account["invite_url"])
    await person.agree()
    switched = await world.api("PUT", f"/connect/accounts/{account_id}", {"alerts_enabled": True})
    assert switched.json()["status"] == "granted"


async def test_who_leaves_in_one_window_leaves_no_credentials_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ready()
    person, account_id = await joined(world)
    other = Person(world)
    await other.sign_in_by_text()
    user = world.ringcentral.add_user(name="Jane Doe")
    world.ringcentral.add_number(user, JANE_OWN)
    provider = world.deps.provider("ringcentral")
    list_numbers = provider.list_numbers  # while RingCentral is asked is what the test is about

    async def leave_meanwhile(access: Access) -> list[Number]:
        await other.post("/leave", sure="1")
        assert "You have left" in other.text
        return await list_numbers(access)

    monkeypatch.setattr(provider, "list_numbers", leave_meanwhile)
    await person.post("/number/connect", jwt=world.ringcentral.issue_jwt(user))
    assert (person.seen.status_code, "You have been signed out" in person.text) == (401, True)
    assert await world.rows("SELECT 1 FROM senders WHERE account_id = $1", account_id) == []


async def test_a_code_by_text_comes_from_the_organisations_number_and_works_once(world: World) -> None:
    await world.ready()
    await joined(world)
    person = Person(world)
    await person.ask_code("(415) 555-0133")
    assert "a code is on its way" in person.text
    code = await code_on(world, JANE_MOBILE)
    assert world.ringcentral.sent[-1]["from"] == SENDER
    assert "Demo Store" in world.texts_on(JANE_MOBILE)[-1]
    [message] = await world.messages(kind="connect_sign_in_code")
    assert "••••••" in message["text"]  # staff who read the log cannot sign in with it
    assert code not in json.dumps(await world.messages())
    ticket = person.hidden("ticket")
    await person.give_code(f"{(int(code) + 1) % 1_000_000:06d}")
    assert person.seen.status_code == 422
    await person.give_code(f" {code[:3]} {code[3:]} ")
    assert "Hello, Jane" in person.text
    late = Person(world)
    await late.get()
    assert (await late.post("/code", ticket=ticket, code=code)).status_code == 422
    assert await world.rows("SELECT 1 FROM connect_sign_ins WHERE used_at IS NOT NULL")


async def test_a_code_opens_nothing_without_the_page_that_asked_for_it(world: World) -> None:
    await world.ready()
    await joined(world)
    mine, hers = Person(world), Person(world)
    await hers.ask_code(JANE_MOBILE)
    code = await code_on(world, JANE_MOBILE)
    await mine.ask_code(STRANGER)
    assert (await mine.give_code(code)).status_code == 422
    for _ in range(5):
        await hers.give_code("000000" if code != "000000" else "000001")
    assert (await hers.give_code(code)).status_code == 422  # five attempts
    await hers.ask_code(JANE_MOBILE)
    code = await code_on(world, JANE_MOBILE)
    await world.advance(minutes=10, seconds=1)
    assert (await hers.give_code(code)).status_code == 422  # ten minutes


async def test_nobody_learns_who_has_an_account_and_strangers_get_nothing(world: World) -> None:
    await world.ready()
    await joined(world)
    known, unknown = Person(world), Person(world)
    await known.ask_code(JANE_MOBILE)
    await unknown.ask_code(STRANGER)

    def without_what_was_typed(person: Person) -> str:
        page = re.sub(r'(name="ticket" value=)"[^"]*"', r"\1", person.seen.text)
        return (
            page.replace("+1 415-555-0133", "")
            .replace("+1 415-555-0199", "")
            .replace(JANE_MOBILE, "")
            .replace(STRANGER, "")
        )

    assert without_what_was_typed(known) == without_what_was_typed(unknown)
    assert abs(len(known.hidden("ticket")) - len(unknown.hidden("ticket"))) <= 4
    await world.workers_run()
    assert world.texts_on(STRANGER) == []
    wrong = [(await each.give_code("123")).status_code for each in (known, unknown)]
    assert wrong == [422, 422]
    assert without_what_was_typed(known) == without_what_was_typed(unknown)
    for _ in range(6):
        await known.ask_code(JANE_MOBILE)
    await world.workers_run()
    assert len(world.texts_on(JANE_MOBILE)) == 4  # an hour


async def test_strangers_cannot_use_up_the_codes_of_those_who_have_an_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"connect_self_join": True})
    await joined(world)
    monkeypatch.setattr(sign_in, "MOST_CODES_TO_STRANGERS", 3)
    person = Person(world)
    for last in range(5):
        await person.ask_code(f"+1415555016{last}")
    await world.workers_run()
    assert [len(world.texts_on(f"+1415555016{last}")) for last in range(5)] == [1, 1, 1, 0, 0]
    await person.sign_in_by_text()
    assert "Hello, Jane" in person.text


async def test_who_opted_out_of_the_brand_gets_no_code(world: World) -> None:
    await world.ready()
    await joined(world)
    await world.texts_from(JANE_MOBILE, "STOP")
    person = Person(world)
    await person.ask_code(JANE_MOBILE)
    await world.workers_run()
    assert [each for each in world.texts_on(JANE_MOBILE) if "code" in each] == []


async def test_joining_uninvited_only_where_the_organisation_allows_it(world: World) -> None:
    await world.ready()
    person = Person(world)
    await person.get()
    assert "You need an invitation" in person.text
    await person.ask_code(STRANGER)
    await world.workers_run()
    assert world.texts_on(STRANGER) == []
    await world.api("PUT", "/settings", {"connect_self_join": True})
    await person.ask_code(STRANGER)
    await person.give_code(await code_on(world, STRANGER))
    assert "Join Demo Store" in person.text
    assert (await world.api("GET", "/connect/accounts")).json()["accounts"] == []
    token = person.hidden("token")
    await person.agree(name=" ")
    assert (person.seen.status_code, "Give the person's name" in person.text) == (422, True)
    await person.post("/join", token=token, name="Nora", history="no")
    assert (person.seen.status_code, "Tick the box" in person.text) == (422, True)
    await person.agree(name="Nora")
    assert "Hello, Nora" in person.text
    [account] = (await world.api("GET", "/connect/accounts")).json()["accounts"]
    assert (account["name"], account["phone"], account["status"]) == ("Nora", STRANGER, "granted")
    again = Person(world)
    await again.post("/join", token=token, name="Nora", agreed="1")
    assert again.seen.status_code == 403
    assert len((await world.api("GET", "/connect/accounts")).json()["accounts"]) == 1
    await person.ask_code("+447911123456")  # a country the shop does not text to: no code is paid for
    await world.workers_run()
    assert world.texts_on("+447911123456") == []


async def test_the_organisations_own_id_counts_only_when_it_signed_it(world: World) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"connect_self_join": True})
    async with world.deps.db.transaction() as session:
        shop = await find_shop(session, SHOP)
    assert shop is not None
    secret, now = signing_secret(world.deps, shop), int(world.clock().timestamp())
    # As docs/connect-api.md has an organisation's server do it.
    good = f"{now}." + hmac.new(secret.encode(), f"{now}.nora-7".encode(), hashlib.sha256).hexdigest()
    for connect_id, signature in (
        ("nora-8", good),
        ("nora-7", sign_claim("guess", "nora-7", now)),
        ("nora-7", sign_claim(secret, "nora-7", now - 90_000)),
        ("nora-7", ""),
        ("nora-7", "é.é"),
        ("", good),
    ):
        assert read_claim(world.deps, shop, connect_id, signature) is None
    person = Person(world)
    await person.get(f"?connect_id=nora-7&signature={good}")
    await person.post(
        "/sign-in", who=STRANGER, connect_id=person.hidden("connect_id"), signature=person.hidden("signature")
    )
    await person.give_code(await code_on(world, STRANGER))
    await person.agree(name="Nora")
    [account] = (await world.api("GET", "/connect/accounts")).json()["accounts"]
    assert account["connect_id"] == "nora-7"
    thief = Person(world)
    await thief.ask_code(ADA, connect_id="nora-7", signature=good)
    await thief.give_code(await code_on(world, ADA))
    await thief.agree(name="Not Nora")
    assert thief.seen.status_code == 409
    assert len((await world.api("GET", "/connect/accounts")).json()["accounts"]) == 1
    renewed = (await world.api("POST", "/connect/hosted-page/secret")).json()["signing_secret"]
    assert renewed == (await world.api("GET", "/connect/hosted-page")).json()["signing_secret"] != secret
    async with world.deps.db.transaction() as session:
        shop = await find_shop(session, SHOP)
    assert shop is not None
    assert read_claim(world.deps, shop, "nora-7", good) is None
    assert read_claim(world.deps, shop, "nora-7", sign_claim(renewed, "nora-7", now)) == "nora-7"


async def test_signing_out_ends_this_visit_and_no_other(world: World) -> None:
    await world.ready()
    here, _ = await joined(world)
    there = Person(world)
    await there.sign_in_by_text()
    old = here.session
    await here.post("/sign-out")
    assert "You are signed out" in here.text
    assert (await here.post("/home", session=old)).status_code == 401
    assert (await there.post("/home")).status_code == 200
    await world.advance(hours=2, seconds=1)
    assert (await there.post("/home")).status_code == 401  # nothing was done for two hours


async def test_a_visit_ends_after_half_a_day_however_busy_it_was(world: World) -> None:
    await world.ready()
    person, _ = await joined(world)
    for _ in range(7):
        await world.advance(minutes=100)
        assert (await person.post("/home")).status_code == 200
    await world.advance(minutes=100)
    assert (await person.post("/home")).status_code == 401


async def test_the_door_cannot_be_hammered(world: World) -> None:
    await world.ready()
    person = Person(world)
    answers = [(await person.ask_code(STRANGER)).status_code for _ in range(22)]
    assert (answers[:20], answers[20:]) == ([200] * 20, [429] * 2)
    assert (await person.post("/enter", token="x")).status_code == 429
    await world.advance(minutes=11)
    assert (await person.ask_code(STRANGER)).status_code == 200


async def test_whatever_is_sent_gets_a_page(world: World) -> None:
    await world.ready()
    for path, form, status in (
        ("/sign-in", b"", 422),
        ("/sign-in", b"who=%00", 422),
        ("/sign-in", b"\xff\xfe", 422),
        ("/sign-in", b"who=" + b"9" * 30_000, 422),
        ("/sign-in", b"who=jane%40example.com%0d%0aBcc%3aall%40example.com", 422),
        ("/code", b"", 422),
        ("/code", b"ticket=AAAA&code=%F0%9F%98%80", 422),
        ("/code", b"ticket=" + b"A" * 5000, 422),
        ("/enter", b"token=%C3%A9", 403),
        ("/join", b"token=AAAA&agreed=1", 403),
        ("/home", b"session=AAAA", 401),
        ("/home", b"", 401),
        ("/leave", b"sure=1", 401),
        ("/messages/x/answer", b"text=hello", 401),
    ):
        answer = await world.http.post(world.url + PAGE + path, content=form)
        assert answer.status_code == status, (path, form, answer.text)
        assert "<main" in answer.text
        assert "Traceback" not in answer.text


async def test_the_page_speaks_the_readers_language(world: World) -> None:
    await world.ready()
    person = Person(world)
    for accepted, heading in (
        ("de-AT", "Mit Demo Store verbinden"),
        ("es", "Conectar con Demo Store"),
        ("fr", "Se connecter avec Demo Store"),
    ):
        await person.get(**{"Accept-Language": accepted})
        assert heading in person.text
        assert f'lang="{accepted[:2]}"' in person.seen.text


async def test_the_pages_load_nothing_foreign_are_framed_by_nobody_and_lead_nowhere_else(world: World) -> None:
    await world.ready()
    person = Person(world)
    await person.get("?site=https://evil.example&resume=https://evil.example&next=//evil.example")
    policy = person.seen.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert person.seen.headers["cache-control"] == "no-store"
    assert person.seen.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in person.seen.headers
    assert "evil" not in person.seen.text
    await world.api("PUT", "/settings", {"connect_sites": ["https://www.example.com"]})
    await person.get("?site=https://www.example.com")
    assert 'data-site="https://www.example.com"' in person.seen.text
    for site in ("https://www.example.com.evil.example", "http://www.example.com", "https://www.example.com/x", "null"):
        await person.get(f"?site={site}")
        assert "data-site" not in person.seen.text
    for wrong in ("example.com", "https://example.com/path", "javascript:alert(1)", "http://example.com", "https://*"):
        assert (await world.api("PUT", "/settings", {"connect_sites": [wrong]})).status_code == 422, wrong
    assert (await person.get("/home")).status_code == 200  # without a visit: the door
    assert "Connect with Demo Store" in person.text
    for organisation in ("no-such-shop", "%2e%2e", "demo-store.evil.com"):
        assert (await world.http.get(f"{world.url}/c/{organisation}")).status_code == 404


async def test_the_snippet_is_a_script_for_any_site_and_holds_nothing(world: World) -> None:
    await world.ready()
    script = await world.http.get(f"{world.url}{PAGE}/connect.js")
    assert script.status_code == 200
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "demo" not in script.text.lower()
    assert (await world.http.get(f"{world.url}/c/no-such-shop/connect.js")).status_code == 404
    told = (await world.api("GET", "/connect/hosted-page")).json()
    assert told["url"] == f"{world.url}{PAGE}"
    assert f'src="{world.url}{PAGE}/connect.js"' in told["snippet"]
    assert (told["self_join"], told["sites"]) == (False, [])
    assert told["signing_secret"].startswith("csec_")
