"""Somebody at the hosted Connect page, without JavaScript: reads a page, fills a form in, sends it."""

import html
import re
from typing import Any

import httpx2

from tests.connect.stage import JANE_MOBILE, jane
from tests.world import SHOP, World

PAGE = "/c/demo-store"


class Person:
    """Knows the last page it saw, and the token of its visit that stood in it."""

    def __init__(self, world: World, base: str = PAGE) -> None:
        self.world, self.base = world, base
        self.seen = httpx2.Response(204)

    @property
    def text(self) -> str:
        """The page without its markup, as it is read."""
        words = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", self.seen.text, flags=re.DOTALL)
        return " ".join(html.unescape(words).split())

    @property
    def session(self) -> str:
        return self.hidden("session")

    @property
    def path(self) -> str:
        """What the address line shows."""
        found = re.search(r'data-path="([^"]+)"', self.seen.text)
        return found[1] if found else ""

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.seen.text)
        return html.unescape(found[1]) if found else ""

    async def get(self, path: str = "", **headers: str) -> httpx2.Response:
        self.seen = await self.world.http.get(self.world.url + self.base + path, headers=headers)
        return self.seen

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        """Within a visit its token goes along, as every form of a page has it."""
        session = {"session": self.session} if self.session else {}
        self.seen = await self.world.http.post(self.world.url + self.base + path, data={**session, **fields})
        return self.seen

    async def open_invitation(self, url: str) -> httpx2.Response:
        await self.get()
        return await self.post("/enter", token=url.partition("#invite=")[2])

    async def agree(self, *, name: str = "Jane Doe", history: str = "no", **fields: str) -> httpx2.Response:
        given = {"token": self.hidden("token"), "name": name, "history": history, "agreed": "1"}
        given |= {"notify_by_sms": "1", "notify_by_email": "1", **fields}
        return await self.post("/join", **given)

    async def ask_code(self, who: str, **fields: str) -> httpx2.Response:
        await self.get()
        return await self.post("/sign-in", who=who, **fields)

    async def give_code(self, code: str) -> httpx2.Response:
        given = {"ticket": self.hidden("ticket"), "who": self.hidden("who"), "by_email": self.hidden("by_email")}
        return await self.post("/code", **given, code=code)

    async def sign_in_by_text(self, phone: str = JANE_MOBILE) -> httpx2.Response:
        await self.ask_code(phone)
        return await self.give_code(await code_on(self.world, phone))


async def code_on(world: World, phone: str) -> str:
    await world.workers_run()
    found = re.search(r"\b\d{6}\b", world.texts_on(phone)[-1])
    assert found is not None
    return found[0]


async def invitation(world: World, account_id: int, *, domain: str = SHOP) -> str:
    account = await world.api("GET", f"/connect/accounts/{account_id}", domain=domain)
    assert account.status_code == 200, account.text
    return str(account.json()["invite_url"])


async def joined(world: World, **changes: Any) -> tuple[Person, int]:
    """Jane was invited and has agreed; she is at her home page."""
    account_id = await jane(world, **changes)
    person = Person(world)
    await person.open_invitation(await invitation(world, account_id))
    await person.agree()
    assert person.seen.status_code == 200, person.text
    assert person.session
    return person, account_id
