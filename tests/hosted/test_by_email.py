"""Signing in by e-mail, with a mail server that keeps what it is given."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from app.simulator.mailbox import Mailbox
from tests.connect.stage import JANE_MOBILE, jane, jane_texts
from tests.hosted.person import Person, invitation, joined
from tests.world import World, open_world

JANE = "jane@example.com"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with Mailbox().open() as mailbox:
        yield mailbox


@pytest.fixture
async def world(database_url: str, mailbox: Mailbox) -> AsyncIterator[World]:
    async with open_world(database_url, smtp_url=mailbox.url, mail_from="connect@example.com") as world:
        yield world


async def test_the_mail_holds_a_code_and_a_link_and_either_works_once(world: World, mailbox: Mailbox) -> None:
    await world.ready()
    await joined(world)
    person = Person(world)
    await person.ask_code(" Jane@Example.com ")
    await world.workers_run()
    [mail] = mailbox.to("Jane@Example.com")
    assert mail.subject == "Your sign-in code for Demo Store"
    assert "Demo Store" in mail.sender
    [code] = re.findall(r"\b\d{6}\b", mail.text)
    [link] = re.findall(r"http\S+", mail.text)
    assert link.startswith(f"{world.url}/c/demo-store#sign_in=")
    other = Person(world)
    await other.get()
    await other.post("/enter", token=link.partition("#sign_in=")[2])
    assert "Hello, Jane" in other.text
    again = Person(world)
    await again.post("/enter", token=link.partition("#sign_in=")[2])
    assert (again.seen.status_code, "has been used" in again.text) == (403, True)
    assert (await person.give_code(code)).status_code == 422  # the link was this sign-in


async def test_a_stranger_gets_no_mail_and_the_languages_differ(world: World, mailbox: Mailbox) -> None:
    await world.ready()
    await jane(world)
    person = Person(world)
    await person.ask_code("nobody@example.com")
    assert "a code is on its way" in person.text
    await world.workers_run()
    assert list(mailbox.mails) == []
    await world.http.post(f"{world.url}/c/demo-store/sign-in", data={"who": JANE}, headers={"Accept-Language": "de"})
    await world.workers_run()
    [mail] = mailbox.to(JANE)
    assert mail.subject == "Ihr Anmeldecode für Demo Store"


async def test_whoever_is_new_may_join_by_e_mail_where_that_is_allowed(world: World, mailbox: Mailbox) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"connect_self_join": True})
    person = Person(world)
    await person.ask_code("nora@example.com")
    await world.workers_run()
    [code] = re.findall(r"\b\d{6}\b", mailbox.to("nora@example.com")[-1].text)
    await person.give_code(code)
    await person.agree(name="Nora")
    [account] = (await world.api("GET", "/connect/accounts")).json()["accounts"]
    assert (account["name"], account["email"], account["phone"]) == ("Nora", "nora@example.com", None)


async def test_two_codes_of_one_stranger_make_one_account(world: World, mailbox: Mailbox) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"connect_self_join": True})
    people = [Person(world) for _ in range(3)]
    for person in people:
        await person.ask_code("nora@example.com")
        await world.workers_run()
        await person.give_code(re.findall(r"\b\d{6}\b", mailbox.to("nora@example.com")[-1].text)[0])
    joining = await asyncio.gather(*(person.agree(name="Nora") for person in people))
    assert sorted(each.status_code for each in joining) == [200, 403, 403]
    assert len(await world.rows("SELECT 1 FROM connect_accounts")) == 1
    assert sum("has been used" in person.text for person in people) == 2


async def test_another_address_signs_out_and_ends_the_invitation(world: World) -> None:
    """What was opened by way of a phone or an e-mail address that is not the account's any more."""
    await world.ready()
    for change, stays in (
        ({"name": "Jane D."}, True),
        ({"email": "JANE@example.com "}, True),
        ({"email": "other@example.com"}, False),
        ({"phone": "+14155550199"}, False),
        ({"email": None}, False),
    ):
        visitor, account = await joined(world, connect_id=f"visitor {change}")
        invited = await jane(world, connect_id=f"invited {change}")
        link = await invitation(world, invited)
        for each in (account, invited):
            assert (await world.api("PUT", f"/connect/accounts/{each}", change)).status_code == 200
        assert (await visitor.post("/home")).status_code == (200 if stays else 401), change
        assert (await Person(world).open_invitation(link)).status_code == (200 if stays else 403), change


async def test_the_affiliate_is_mailed_about_a_new_shopify_order_as_they_wish(world: World, mailbox: Mailbox) -> None:
    """By e-mail alone, by both, or not at all; once for each order, and never about history."""
    await world.ready()
    account = await jane_texts(world)
    await world.api("PUT", "/connect/attribution", {"rules": [{"field": "discount_code", "pattern": "VIP-*"}]})
    texted = []
    for by_sms, by_email in ((False, True), (True, True), (True, False), (False, False)):
        wish = {"notify_by_sms": by_sms, "notify_by_email": by_email}
        await world.api("PUT", f"/connect/accounts/{account}", wish)
        order = await world.order(discount_codes=["VIP-jane-1"])
        await world.workers_run()
        mails = [mail for mail in mailbox.to(JANE) if f"order {order.name} " in mail.text]
        texts = [text for text in world.texts_on(JANE_MOBILE) if f"order {order.name} " in text]
        assert (len(texts), len(mails)) == (int(by_sms), int(by_email)), wish
        texted += mails
    assert {mail.subject for mail in texted} == {"Demo Store: a message for you"}
    assert all(f"{world.url}/c/demo-store" in mail.text and "$" in mail.text for mail in texted)
    world.shopify.lose_webhooks = True
    await world.order(discount_codes=["VIP-jane-1"], created_at=world.clock().replace(day=2))
    await world.api("PUT", f"/connect/accounts/{account}", {"notify_by_sms": True, "notify_by_email": True})
    before = len(mailbox.mails)
    assert (await world.api("POST", "/connect/imports", {"dry_run": False})).status_code == 201
    await world.workers_run()
    [run] = (await world.api("GET", "/connect/imports")).json()["imports"]
    assert (run["counts"]["created"], len(mailbox.mails)) == (1, before)
