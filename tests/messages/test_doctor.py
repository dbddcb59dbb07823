"""What `doctor` says about the app's own address."""

from dataclasses import replace

import httpx2
import pytest

from app.messages.doctor import examine
from tests.world import World

URL = "https://texts.example.com"


@pytest.mark.parametrize(
    ("answer", "level", "found"),
    [
        (200, "ok", f"The app answers at {URL}."),
        (502, "warning", f"{URL}/healthz answers 502."),
        (None, "warning", f"{URL} does not answer from here (ConnectError)."),
    ],
)
async def test_the_address_is_asked_and_not_believed(world: World, answer: int | None, level: str, found: str) -> None:
    asked: list[str] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        if answer is None:
            raise httpx2.ConnectError("no such host")
        return httpx2.Response(answer)

    settings = world.deps.settings.model_copy(update={"shopify_app_url": URL})
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
        rows = await examine(replace(world.deps, settings=settings, http=http))
    [row] = [row for row in rows if row["about"] == "address"]
    assert (row["level"], row["sentence"]) == (level, found)
    assert f"{URL}/healthz" in asked
