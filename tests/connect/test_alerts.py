"""Texts in an affiliate's name: whose number, whose consent, whose opt-out, and what can never be texted."""

from datetime import timedelta
from typing import Any

from app.shops.disconnecting import disconnect
from tests.api.client import NEW_ORDER, OLD_ORDER, Client
from tests.connect.stage import CONSENT, JANE_MOBILE, JANE_OWN, JANET, agreed, client_of, jane, jane_texts
from tests.hosted.person import Person, invitation
from tests.world import ADA, SENDER, SHOP, World

DOUBT = "you said reply STOP to opt out"


async def paid(client: Client, body: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
    response = await client.create_order(
        {"order": {**(body or agreed(NEW_ORDER))["order"], **order}}, X_Connect_ID="jane-1"
    )
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def reason_of(order: dict[str, Any], kind: str = "connect_order_paid") -> str | None:
    reason = order["metadata"]["text_alerts"][kind]["reason"]
    return reason["code"] if reason else None


async def test_stop_to_the_affiliates_number_ends_texts_of_the_whole_brand(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    phone: dict[str, Any] = {"profile_phone_number": ADA}
    await paid(client, **phone)
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
    await world.order()  # of the shop itself; its text has not left
    await world.texts_from(ADA, "STOP", to=JANE_OWN)
    assert reason_of(await paid(client, **phone)) == "opted_out"
    await world.order()
    await world.workers_run()
    assert [each["from"] for each in world.ringcentral.sent if each["to"] == ADA] == [JANE_OWN]
    assert world.shopify.shops[SHOP].customers[world.ada.id].consent == "UNSUBSCRIBED"
    # And the other way round: STOP to the shop's number silences Jane.
    await paid(client)
    await world.workers_run()
    await world.texts_from(JANET, "stop please", to=SENDER)
    assert reason_of(await paid(client)) == "opted_out"


async def test_a_text_behind_doubtful_words_waits_and_leaves_when_staff_release_it(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    await world.texts_from(JANET, DOUBT, to=JANE_OWN)
    [held] = (await world.api("GET", "/consent/doubtful")).json()["doubtful"]
    await paid(client)
    await world.workers_run()
    assert world.texts_on(JANET) == []
    assert (await world.api("POST", f"/consent/doubtful/{held['id']}/release")).status_code == 200
    await world.workers_run()
    assert len(world.texts_on(JANET)) == 1


async def test_an_order_that_says_unsubscribed_decides_doubtful_words(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    await world.texts_from(JANET, DOUBT, to=JANE_OWN)
    await paid(client, sms_consent=CONSENT | {"state": "unsubscribed"})
    [suppression] = await world.rows("SELECT held, lifted_at FROM suppressions")
    assert tuple(suppression) == (False, None)


async def test_consent_that_an_order_brought_is_listed_in_plain_words(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await paid(await client_of(world, "orders"))
    page = (await world.open_page("/consent")).text
    assert "Subscribed, told by your software" in page
    assert "Your software (API)" in page


async def test_help_to_the_affiliates_number_is_answered_from_there_with_the_brand(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await world.texts_from(JANET, "HELP", to=JANE_OWN)
    [answer] = world.texts_on(JANET)
    assert answer.startswith("Demo Store")
    assert world.ringcentral.sent[-1]["from"] == JANE_OWN


async def test_history_cannot_text_even_if_a_text_was_queued(world: World) -> None:
    """Whatever put it into the outbox: the gate looks at the order itself."""
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    order = await paid(client, body=agreed(OLD_ORDER), reference_id="old-1")
    [sender] = await world.rows("SELECT id, shop_id FROM senders WHERE account_id IS NOT NULL")
    for kind in ("connect_order_paid", "connect_order_shipped"):
        await world.rows(
            "INSERT INTO messages"
            " (shop_id, sender_id, kind, subject, order_id, event_at, created_at, due_at, updated_at)"
            " VALUES ($1, $2, $3, 'forced', $4, $5, $5, $5, $5)",
            sender["shop_id"],
            sender["id"],
            kind,
            f"connect:{order['id']}",
            world.clock(),
        )
    await world.workers_run()
    assert {(each["state"], each["reason"]["code"]) for each in await world.messages()} == {("skipped", "history")}
    assert world.ringcentral.sent == []


async def test_the_newest_evidence_decides_and_shopify_speaks_where_there_is_none(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    bare = {"order": {**NEW_ORDER["order"]}}
    assert reason_of(await paid(client, body=bare)) == "not_subscribed"
    assert reason_of(await paid(client)) is None
    # What Janet agreed to once counts for her later orders, too.
    assert reason_of(await paid(client, body=bare)) is None
    older = {**CONSENT, "state": "pending", "collected_at": "2020-01-01"}
    assert reason_of(await paid(client, sms_consent=older)) is None
    # A customer of the shop who agreed there.
    assert reason_of(await paid(client, body=bare, profile_phone_number=world.ada.phone)) is None
    await world.shopify.set_consent(SHOP, world.ada, "UNSUBSCRIBED")
    assert reason_of(await paid(client, body=bare, profile_phone_number=ADA)) == "unsubscribed"
    stale = {**CONSENT, "collected_at": "2020-01-01"}
    assert reason_of(await paid(client, sms_consent=stale, profile_phone_number=ADA)) == "unsubscribed"
    events = await world.rows("SELECT change, source, actor FROM consent_events WHERE source = 'api' ORDER BY id")
    assert [each["change"] for each in events] == ["api_subscribed", "api_subscribed"]
    assert events[0]["actor"].startswith("api_key:")


async def test_unsubscribed_in_an_order_is_an_opt_out_of_the_brand(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    gone = {"state": "unsubscribed", "source": "call centre", "wording": "Take me off, please."}
    answer = await paid(client, sms_consent=gone, profile_phone_number=ADA)
    assert reason_of(answer) in ("unsubscribed", "opted_out")
    await world.order()
    await world.workers_run()
    assert world.texts_on(ADA) == []
    assert world.shopify.shops[SHOP].customers[world.ada.id].consent == "UNSUBSCRIBED"


async def test_what_changed_while_the_text_waited_is_seen_at_the_gate(world: World) -> None:
    await world.ready()
    user_id = await jane_texts(world)
    client = await client_of(world, "orders")
    refunded, deleted, silenced = [await paid(client, reference_id=name) for name in ("r-1", "r-2", "r-3")]
    await client.call("PUT", f"/api/v1/orders/{refunded['id']}", {"order": {"refunded_at": "now"}})
    await client.call("DELETE", f"/api/v1/orders/{deleted['id']}")
    await client.call("PUT", f"/api/v1/orders/{silenced['id']}", {"order": {"dont_trigger_auto_actions": True}})
    waiting = await paid(client, reference_id="r-4")
    await world.api("PUT", f"/connect/accounts/{user_id}", {"alerts_enabled": False})
    await world.workers_run()
    found = {each["order_name"]: each["reason"]["code"] for each in await world.messages()}
    assert found == {"r-1": "order_refunded", "r-2": "order_deleted", "r-3": "history", "r-4": "alerts_off"}
    assert world.ringcentral.sent == []
    answer = (await client.call("GET", f"/api/v1/orders/{waiting['id']}")).json()
    assert reason_of(answer) == "alerts_off"


async def test_an_old_payment_and_one_to_come_text_nobody(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    old = await paid(client, paid_at="2026-11-20")
    ahead = await paid(client, paid_at="2026-12-24")
    await world.workers_run()
    assert world.ringcentral.sent == []
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("expired", "too_late")
    assert "text_alerts" in old["metadata"]
    assert "text_alerts" not in ahead["metadata"]


async def test_quiet_hours_hold_the_shipment(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"}})
    await world.advance(hours=12)  # 22:00 in Utah
    client = await client_of(world, "orders")
    await paid(client, shipping_link="https://www.ups.com/track?tracknum=1Z999")
    await world.workers_run()
    assert len(world.texts_on(JANET)) == 1
    await world.advance(hours=11, minutes=1)
    await world.workers_run()
    assert len(world.texts_on(JANET)) == 2


async def test_a_lent_number_of_the_shop_serves_and_answers_once(world: World) -> None:
    await world.ready()
    await jane(world, alerts_enabled=True, phone_number=SENDER)
    client = await client_of(world, "orders")
    await paid(client)
    await world.workers_run()
    assert {each["from"] for each in world.ringcentral.sent} == {SENDER}
    await world.texts_from(JANET, "HELP")
    assert len(world.texts_on(JANET)) == 2
    assert await world.rows("SELECT count(*) FROM inbound_messages") == [(1,)]
    await world.api("DELETE", "/connection")
    assert reason_of(await paid(client)) == "not_connected"
    foreign = await world.api("PUT", "/connect/accounts/1", {"phone_number": "+16505559999"})
    assert foreign.status_code in (409, 422)


async def test_the_accounts_wording_then_the_organisations_then_the_default(world: World) -> None:
    await world.ready()
    user_id = await jane_texts(world)
    client = await client_of(world, "orders")
    shared = "{{ affiliate.name }} at {{ shop.name }}: {{ order.name }} is paid. Reply STOP to opt out."
    saved = await world.api("PUT", "/notifications/connect_order_paid", {"templates": {"en": shared}})
    assert saved.status_code == 200, saved.text
    nameless = "{{ shop.name }}: paid. Reply STOP to opt out."
    refused = await world.api("PUT", "/notifications/connect_order_paid", {"templates": {"en": nameless}})
    assert "affiliate.name" in refused.json()["errors"]["templates.en"]
    await paid(client, reference_id="w-1")
    await world.rows(
        "INSERT INTO connect_templates (account_id, kind, locale, text, updated_at) VALUES ($1, $2, 'en', $3, now())",
        user_id,
        "connect_order_paid",
        "It's {{ affiliate.name }}! {{ shop.name }} has your money. Reply STOP to opt out.",
    )
    await world.workers_run()
    await paid(client, reference_id="w-2")
    await world.rows("DELETE FROM connect_templates")
    await world.workers_run()
    assert world.texts_on(JANET) == ["It's Jane Doe! Demo Store has your money. Reply STOP to opt out.",
                                     "Jane Doe at Demo Store: w-2 is paid. Reply STOP to opt out."]  # fmt: skip


async def test_an_affiliate_who_says_stop_gets_no_more_notifications(world: World) -> None:
    await world.ready()
    await jane(world)
    client = await client_of(world, "messages")
    await client.notify(body="One.", connect_id="jane-1")
    await world.workers_run()
    await world.texts_from(JANE_MOBILE, "STOP")
    later = (world.clock() + timedelta(hours=2)).isoformat()
    assert (await client.notify(body="Two.", connect_id="jane-1", send_at=later)).status_code == 201
    await world.advance(hours=3)
    await world.workers_run()
    assert [each["text"] for each in world.ringcentral.sent] == ["Demo Store: One. Reply STOP to opt-out."]


async def test_a_failed_text_is_sent_again_from_the_same_number(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world, "orders")
    world.ringcentral.fail_next(400, code="MSG-383")
    await paid(client)
    await world.workers_run()
    [message] = await world.messages()
    assert message["state"] == "failed"
    assert (await world.api("POST", f"/messages/{message['id']}/resend")).status_code == 200
    await world.workers_run()
    assert {each["from"] for each in world.ringcentral.sent} == {JANE_OWN}


async def test_a_waiting_text_never_moves_to_a_number_of_somebody_else(world: World) -> None:
    """Jane's number is taken away while a text waits: neither the shop nor another account sends it in her place."""
    await world.ready()
    account_id = await jane_texts(world)
    client = await client_of(world, "orders")
    await paid(client)
    assert [each["state"] for each in await world.messages()] == ["queued"]
    await disconnect(world.deps, 1, account_id=account_id)
    await world.recurring_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("cancelled", "not_connected")
    assert world.ringcentral.sent == []


async def test_nothing_leaves_in_the_name_of_who_declines(world: World) -> None:
    """The merchant has set the account up before its owner opened the invitation."""
    await world.ready()
    account_id = await jane_texts(world)
    client = await client_of(world, "orders")
    await paid(client)
    person = Person(world)
    await person.open_invitation(await invitation(world, account_id))
    await person.post("/decline", token=person.hidden("token"))
    assert (await client.create_order(agreed(NEW_ORDER), X_Connect_ID="jane-1")).status_code == 422
    await world.workers_run()
    [waiting] = await world.messages()
    assert (waiting["state"], waiting["reason"]["code"]) == ("cancelled", "account_refused")
    assert JANE_OWN not in {each["from"] for each in world.ringcentral.sent}
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert (account["alerts_enabled"], account["can_text"]) == (False, False)
    again = Person(world)
    await again.open_invitation(await invitation(world, account_id))
    assert again.hidden("token")  # the link still opens the page


async def test_what_waits_in_an_accounts_name_ends_with_its_permission(world: World) -> None:
    await world.ready()
    account_id = await jane_texts(world)
    await paid(await client_of(world, "orders"))
    await world.api("DELETE", f"/connect/accounts/{account_id}")
    await world.workers_run()
    [message] = await world.messages()
    assert (message["state"], message["reason"]["code"]) == ("cancelled", "access_revoked")
    assert world.ringcentral.sent == []
