"""Replies that may mean STOP wait for staff; other replies reach people, once, and never in circles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_string, policy

import pytest
from pydantic import SecretStr

from tests.world import ADA, SENDER, World, open_world

DOUBT = "you said reply STOP to opt out"
STAFF = "+14155550188"


@asynccontextmanager
async def mailbox() -> AsyncIterator[tuple[str, list[str]]]:
    """An SMTP server that takes every mail. Answers its address and the mails."""
    mails: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line[:4].upper()
            if command == "DATA":
                writer.write(b"354 go on\r\n")
                lines: list[str] = []
                while (part := (await reader.readline()).decode().rstrip("\r\n")) != ".":
                    lines.append(part)
                mails.append("\n".join(lines))
            writer.write(b"221 bye\r\n" if command == "QUIT" else b"250 ok\r\n")
            await writer.drain()
            if command == "QUIT":
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", mails


async def settings(world: World, **values: object) -> None:
    response = await world.api("PUT", "/settings", values)
    assert response.status_code == 200, response.text


async def doubtful(world: World) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await world.api("GET", "/consent/doubtful")).json()["doubtful"]
    return found


async def test_texts_wait_behind_a_doubtful_reply_and_leave_when_staff_release_it(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, DOUBT)
    await world.order()
    await world.workers_run()
    assert world.texts_on(ADA) == []
    [waiting] = await world.messages()
    assert waiting["state"] == "queued"
    detail = (await world.api("GET", f"/messages/{waiting['id']}")).json()
    assert detail["checks"][-1]["code"] == "held_for_decision"
    [listed] = await doubtful(world)
    assert (listed["phone"], listed["words"]) == (ADA, DOUBT)
    assert listed["rule"]
    assert world.ada.consent == "SUBSCRIBED"  # nothing was guessed
    codes = [each["code"] for each in (await world.api("GET", "/diagnostics")).json()["diagnostics"]]
    assert "doubtful_replies" in codes
    released = await world.api("POST", f"/consent/doubtful/{listed['id']}/release")
    assert released.status_code == 200
    await world.workers_run()
    assert len(world.texts_on(ADA)) == 1
    assert await doubtful(world) == []
    assert (await world.api("POST", f"/consent/doubtful/{listed['id']}/confirm")).status_code == 404


async def test_staff_can_decide_that_it_was_a_stop(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, DOUBT)
    await world.order()
    await world.workers_run()
    [listed] = await doubtful(world)
    confirmed = await world.api("POST", f"/consent/doubtful/{listed['id']}/confirm")
    assert confirmed.json()["decision"] == "opted_out"
    await world.workers_run()
    assert world.ada.consent == "UNSUBSCRIBED"
    assert [each["state"] for each in await world.messages()] == ["cancelled"]
    [event] = await world.rows("SELECT * FROM consent_events WHERE change = 'opt_out'")
    assert world.deps.vault.decrypt(event["words_encrypted"]) == DOUBT
    assert event["actor"] == "staff:1"


async def test_a_text_that_is_no_longer_useful_expires_behind_a_doubt(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, DOUBT)
    await world.order()
    await world.workers_run()
    await world.advance(hours=4)
    await world.workers_run()
    assert [each["state"] for each in await world.messages()] == ["expired"]


async def test_replies_reach_a_mailbox_and_a_staff_phone_and_no_circle_arises(database_url: str) -> None:
    async with mailbox() as (address, mails), open_world(database_url, smtp_url=SecretStr(address)) as world:
        await world.ready()
        await settings(world, reply_email="team@demo-store.com", reply_phone=STAFF)
        await world.texts_from(ADA, "Where is my\nparcel? é")
        [mail] = [message_from_string(each, policy=policy.default) for each in mails]
        assert mail["To"] == "team@demo-store.com"
        assert ADA in mail["Subject"]
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "parcel? é" in mail.get_content()
        [forwarded] = world.texts_on(STAFF)
        assert ADA in forwarded
        assert "Where is my" in forwarded
        await world.texts_from(STAFF, "I will look")  # the staff phone, or an auto-reply on it
        await world.texts_from(STAFF, forwarded)
        assert len(world.texts_on(STAFF)) == 1
        assert len(mails) == 1
        for word in ("STOP", "START", "HELP"):
            await world.texts_from(ADA, word)
        assert len(mails) == 1  # keywords are for the app
        await world.texts_from(ADA, DOUBT)
        assert "Please decide" in message_from_string(mails[1], policy=policy.default)["Subject"]
        # Erasing the customer erases the words in the forwarded copy, too.
        await world.shopify.send_customers_redact("demo-store.myshopify.com", world.ada)
        await world.workers_run()
        copies = await world.rows("SELECT text_encrypted FROM messages WHERE kind = 'reply_forward'")
        assert [each["text_encrypted"] for each in copies] == [None, None]


async def test_a_mail_server_that_is_away_is_tried_again(database_url: str) -> None:
    async with open_world(database_url, smtp_url=SecretStr("smtp://127.0.0.1:9")) as world:
        await world.ready()
        await settings(world, reply_email="team@demo-store.com")
        await world.texts_from(ADA, "hello there")
        [waiting] = await world.rows("SELECT status FROM pgqueuer WHERE entrypoint = 'messages.pass_on_reply'")
        assert waiting["status"] == "queued"


@pytest.mark.parametrize("values", [{"reply_email": "not an address"}, {"reply_phone": "12"}, {"daily_cap": 0}])
async def test_settings_that_cannot_be_meant(world: World, values: dict[str, object]) -> None:
    await world.install()
    response = await world.api("PUT", "/settings", values)
    assert response.status_code == 422
    assert set(response.json()["errors"]) == set(values)
    assert SENDER not in response.text
