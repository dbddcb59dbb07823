"""The public opt-out page: by the link of a text or by a code, for anybody, without telling anybody who gets texts."""

import base64
import re

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from app.consent.opt_out_link import make_token, opt_out_link, read_token
from app.public.opt_out import answer_form
from app.shops.queries import find_shop
from tests.world import ADA, SENDER, SHOP, World

PAGE = "/c/demo-store/opt-out"
STRANGER = "+14155550167"


async def link_for(world: World, phone: str = ADA) -> str:
    async with world.deps.db.transaction() as session:
        shop = await find_shop(session, SHOP)
    assert shop is not None
    return opt_out_link(world.deps.vault, world.url, shop, phone)


async def post(world: World, **form: str) -> httpx2.Response:
    return await world.http.post(f"{world.url}{PAGE}", data=form)


async def code_on(world: World, phone: str) -> str:
    await world.workers_run()
    found = re.search(r"\b\d{6}\b", world.texts_on(phone)[-1])
    assert found is not None
    return found[0]


async def test_the_link_shows_a_button_and_only_the_button_ends_the_texts(world: World) -> None:
    await world.ready()
    link = await link_for(world)
    page = await world.http.get(link)
    assert page.status_code == 200
    assert "Stop texts from Demo Store" in page.text
    assert "0123" in page.text
    assert ADA not in page.text  # whoever finds the link does not learn the number
    assert await world.rows("SELECT 1 FROM suppressions") == []  # opened, as link previews do
    assert "no-referrer" in page.headers["referrer-policy"]
    assert "script" not in page.text
    await world.order()
    done = await post(world, t=link.partition("?t=")[2])
    assert "You are unsubscribed" in done.text
    await world.workers_run()
    assert world.ada.consent == "UNSUBSCRIBED"
    assert world.texts_on(ADA) == []
    assert world.ringcentral.state.has_opted_out(SENDER, ADA)
    [event] = await world.rows("SELECT * FROM consent_events WHERE change = 'opt_out'")
    assert (event["source"], event["method"], event["confirmation"]) == ("public_page", "link", "the page")
    assert "Stop all texts" in event["wording"]
    assert "0123" not in event["wording"]  # it outlives an erasure
    assert world.deps.vault.decrypt(event["address_encrypted"]) == "127.0.0.1"


async def test_a_number_and_the_code_texted_to_it_do_the_same(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    asked = await post(world, phone="(212) 555-0123")
    assert asked.status_code == 200
    code = await code_on(world, ADA)
    wrong = await post(world, phone=ADA, code=f"{(int(code) + 1) % 1_000_000:06d}")
    assert wrong.status_code == 422
    assert "not right" in wrong.text
    assert await world.rows("SELECT 1 FROM suppressions") == []
    done = await post(world, phone=ADA, code=f" {code[:3]} {code[3:]} ")
    assert "You are unsubscribed" in done.text
    await world.workers_run()
    assert world.ada.consent == "UNSUBSCRIBED"
    assert (await post(world, phone=ADA, code=code)).status_code == 422  # used once
    [event] = await world.rows("SELECT method FROM consent_events WHERE change = 'opt_out'")
    assert event["method"] == "code"


async def test_codes_end_after_ten_minutes_and_after_five_attempts(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await post(world, phone=ADA)
    code = await code_on(world, ADA)
    for _ in range(5):
        assert (await post(world, phone=ADA, code="x")).status_code == 422
    assert (await post(world, phone=ADA, code=code)).status_code == 422
    await post(world, phone=ADA)
    code = await code_on(world, ADA)
    await world.advance(minutes=10, seconds=1)
    assert (await post(world, phone=ADA, code=code)).status_code == 422
    assert await world.rows("SELECT 1 FROM suppressions") == []


async def test_nobody_learns_who_gets_texts_and_strangers_are_not_texted(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    before = len(world.texts_on(ADA))
    known, unknown = await post(world, phone=ADA), await post(world, phone=STRANGER)
    assert known.text.replace(ADA, "") == unknown.text.replace(STRANGER, "")
    assert (known.status_code, unknown.status_code) == (200, 200)
    await world.workers_run()
    assert world.texts_on(STRANGER) == []
    for _ in range(5):
        await post(world, phone=ADA)
    await world.workers_run()
    assert len(world.texts_on(ADA)) - before == 3  # an hour


async def test_the_page_cannot_be_hammered(world: World) -> None:
    await world.install()
    answers = [(await post(world, phone=STRANGER, code="000000")).status_code for _ in range(22)]
    assert answers[:20] == [422] * 20
    assert answers[20:] == [429] * 2
    await world.advance(minutes=11)
    assert (await post(world, phone=STRANGER, code="000000")).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("GET", "/c/no-such-shop/opt-out", None, 404),
        ("GET", "/c/%2e%2e%2f/opt-out", None, 404),
        ("GET", "/c/demo-store.evil.com/opt-out", None, 404),
        ("GET", PAGE, None, 200),
        ("GET", PAGE + "?t=AAAA", None, 200),
        ("GET", PAGE + "?t=" + "A" * 5000, None, 200),
        ("GET", PAGE + "?t=%F0%9F%98%80", None, 200),
        ("POST", PAGE, b"", 422),
        ("POST", PAGE, b"phone=%00", 422),
        ("POST", PAGE, b"\xff\xfe", 422),
        ("POST", PAGE, b"phone=" + b"1" * 10_000, 422),
        ("POST", PAGE, b"t=" + b"A" * 100, 422),
        ("POST", PAGE, b"phone=%2B12125550123&code=%F0%9F%98%80", 422),
        ("PUT", PAGE, b"", 405),
    ],
)
async def test_whatever_is_sent_gets_a_page(
    world: World, method: str, path: str, form: bytes | None, status: int
) -> None:
    await world.install()
    answer = await world.http.request(method, world.url + path, content=form)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


async def test_the_page_speaks_the_browsers_language_and_a_removed_app_has_none(world: World) -> None:
    await world.ready()
    for accepted, title in (("es-MX,es;q=0.9", "No recibir más"), ("fr", "Ne plus recevoir"), ("de", "Stop texts")):
        page = await world.http.get(world.url + PAGE, headers={"Accept-Language": accepted})
        assert title in page.text
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    assert (await world.http.get(world.url + PAGE)).status_code == 404


async def test_a_link_of_one_shop_means_nothing_in_another_and_none_can_be_made(world: World) -> None:
    await world.ready()
    other = "other-store.myshopify.com"
    world.shopify.add_shop(other, name="Other Store")
    await world.install(other)
    token = (await link_for(world)).partition("?t=")[2]
    answer = await world.http.post(f"{world.url}/c/other-store/opt-out", data={"t": token})
    assert answer.status_code == 422
    vault = world.deps.vault
    assert read_token(vault, token) == (1, ADA)
    assert read_token(vault, make_token(vault, 7, "+447911123456")) == (7, "+447911123456")
    assert len(token) < 64
    sealed = base64.urlsafe_b64decode(token)
    assert base64.urlsafe_b64encode(sealed).decode() == token
    assert not any(read_token(vault, token[:length]) for length in range(len(token)))
    for bit in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        assert read_token(vault, base64.urlsafe_b64encode(flipped).decode()) is None, bit


async def test_one_machine_with_many_addresses_is_one_caller(world: World) -> None:
    await world.ready()

    async def ask_from(address: str) -> int:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"phone=x", "more_body": False}

        scope = {
            "type": "http",
            "method": "POST",
            "path": PAGE,
            "path_params": {"organisation": "demo-store"},
            "query_string": b"",
            "headers": [],
            "client": (address, 1),
            "state": {"deps": world.deps},
        }
        return (await answer_form(Request(scope, receive))).status_code

    answers = [await ask_from(f"2001:db8:0:1::{number:x}") for number in range(22)]
    assert (answers[:20], answers[20:]) == ([422] * 20, [429] * 2)
    assert await ask_from("2001:db8:0:2::1") == 422
