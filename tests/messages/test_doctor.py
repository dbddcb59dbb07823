"""What `doctor` says about the app's own address."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from app.core.http import Http
from app.messages.doctor import examine
from tests.world import SHOP, World

URL = "https://texts.example.com"


class Outside(Http):
    """Everything outside gives the same answer, or None: there is nothing."""

    def __init__(self, status: int | None) -> None:
        super().__init__(shards=1)
        self.status = status
        self.asked: list[str] = []

    async def request(self, method: str, url: str, *, shard: str = "", **options: Any) -> httpx2.Response:
        self.asked.append(url)
        if self.status is None:
            raise httpx2.ConnectError("no such host")
        return httpx2.Response(self.status)


@pytest.mark.parametrize(
    ("status", "level", "found"),
    [
        (200, "ok", f"The app answers at {URL}."),
        (502, "warning", f"{URL}/healthz answers 502."),
        (None, "warning", f"{URL} does not answer from here (ConnectError)."),
    ],
)
async def test_the_address_is_asked_and_not_believed(world: World, status: int | None, level: str, found: str) -> None:
    settings = world.deps.settings.model_copy(update={"shopify_app_url": URL})
    async with Outside(status) as outside:
        rows = await examine(replace(world.deps, settings=settings, http=outside))
    [row] = [row for row in rows if row["about"] == "address"]
    assert (row["level"], row["sentence"]) == (level, found)
    assert f"{URL}/healthz" in outside.asked


async def test_webhooks_of_another_version_are_told(world: World) -> None:
    await world.install()
    old = {"X-Shopify-API-Version": "2025-10"}
    for _ in range(2):
        answered = await world.shopify.send_webhook(SHOP, "shop/update", {}, headers=old)
        assert answered.status_code == 200
    [row] = [row for row in await examine(world.deps) if row["about"] == "versions"]
    assert row["level"] == "warning"
    assert "shop/update in 2025-10" in row["sentence"]
    await world.advance(days=3)
    [row] = [row for row in await examine(world.deps) if row["about"] == "versions"]
    assert row["level"] == "ok"
