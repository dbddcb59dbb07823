"""How a newcomer meets the Connect page: from the panel of the simulated admin."""

import re

import httpx2
import pytest
from starlette.applications import Starlette

from app.simulator.demo_shop import JANE, JANES_OWN, JANET, furnish_affiliate
from app.simulator.frame import frame_routes
from app.simulator.mailbox import Mailbox
from tests.hosted.person import Person
from tests.world import World, open_world


async def ask(world: World, path: str) -> httpx2.Response:
    frame = f"{world.deps.settings.shopify_simulator_origin}/frame/demo-store/{path}"
    return await world.http.post(frame.replace("127.0.0.1", "localhost"), json={})


@pytest.mark.parametrize("way", ["invitation", "mail"])
async def test_jane_is_invited_joins_and_her_customer_hears_from_her_number(database_url: str, way: str) -> None:
    async with Mailbox().open() as mailbox, open_world(database_url, smtp_url=mailbox.url) as world:
        await world.ready()
        furnish_affiliate(world.ringcentral)
        world.shopify.pages = Starlette(
            routes=frame_routes(world.shopify, world.ringcentral, lambda: world.url, mailbox)
        )
        early = await ask(world, "affiliate/orders")
        assert (early.status_code, "Invite Jane first" in early.text) == (422, True)
        invited = (await ask(world, "affiliate/invitation")).json()
        assert invited["joined"] is False
        jane = Person(world)
        if way == "invitation":
            await jane.open_invitation(invited["url"])
        else:
            await jane.ask_code("jane@example.com")
            await world.workers_run()
            state = await world.http.get(
                f"{world.deps.settings.shopify_simulator_origin}/frame/demo-store/state?phone={JANE}"
            )
            [mail] = state.json()["mails"]
            await jane.give_code(re.findall(r"\b\d{6}\b", mail["text"])[0])
        await jane.agree()
        user = next(each for each in world.ringcentral.state.users.values() if each.name == "Jane Doe")
        await jane.post("/number/connect", jwt=world.ringcentral.issue_jwt(user))
        off = (await ask(world, "affiliate/orders")).json()
        assert off["why_not"] == "The connected account has switched text alerts off."
        await jane.post("/home/alerts", on="1")
        assert (await ask(world, "affiliate/orders")).json()["why_not"] is None
        await world.workers_run()
        assert world.ringcentral.sent[-1]["from"] == JANES_OWN
        assert "Jane Doe with Demo Store: Hi Janet" in world.texts_on(JANET)[-1]
        assert (await ask(world, "affiliate/invitation")).json() == {
            "url": f"{world.url}/c/demo-store",
            "joined": True,
        }
