"""Nothing personal and no secret gets into a log, and keys change while everything runs."""

import asyncio
import contextlib
import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from cryptography.fernet import Fernet
from rich.progress import Progress

from app.core.crypto import Undecipherable, Vault
from app.core.db import Base
from app.core.discovery import import_models
from app.core.log import set_up_logging
from app.core.rotation import rotate_keys
from tests.world import ADA, API_SECRET, SHOP, World, open_world


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All that the app and its libraries would write with every logger at DEBUG."""
    written = io.StringIO()
    stderr, sys.stderr = sys.stderr, written
    root = logging.getLogger()
    handlers, level, structured = root.handlers[:], root.level, structlog.get_config()
    try:
        set_up_logging(json=True, level="DEBUG")
        root.setLevel(logging.DEBUG)
        yield written
    finally:
        sys.stderr = stderr
        root.handlers[:], root.level = handlers, level
        structlog.configure(**structured)


async def test_a_whole_journey_at_debug_level_writes_nothing_that_is_secret(
    database_url: str, everything_logged: io.StringIO
) -> None:
    async with open_world(database_url) as world:
        await world.ready()
        await world.order()
        await world.workers_run()
        await world.recurring_run()
        await world.texts_from(ADA, "Where is it Zanzibar")
        await world.texts_from(ADA, "STOP")
        await world.shopify.send_data_request(SHOP, world.ada)
        await world.shopify.send_webhook(SHOP, "orders/create", f'{{"id": "{ADA}"'.encode())
        await world.api("PUT", "/connection", {"jwt": world.jwt + "x"})
        await world.api("GET", "/settings", token=world.shopify.id_token(SHOP, lifetime=-100))
        world.shopify.fail_next("graphql", status=500, times=9, body=f"Lovelace {ADA}")
        world.ringcentral.fail_next(500, times=2)
        await world.order(test=True)
        await world.workers_run()
        token = world.shopify.id_token(SHOP)
        await world.http.get(f"{world.url}/?id_token={token}&shop={SHOP}")
        tokens = world.shopify.shops[SHOP].tokens
        secrets = [world.jwt, world.jwt.split(".")[2], token, token.split(".")[2], API_SECRET, "operators-only"]
        secrets += [each for known in tokens for each in (known.access_token, known.refresh_token)]
    log = everything_logged.getvalue()
    assert "shop.installed" in log
    assert "webhook.handled" in log
    assert log.count("\n") > 200, "the libraries spoke too"
    for secret in [*secrets, ADA, ADA[1:], "212-555-0123", "Lovelace", "Zanzibar", "has been confirmed"]:
        assert secret not in log, secret


async def test_keys_are_replaced_while_the_app_serves(database_url: str) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with open_world(database_url, encryption_keys=f"{new},{old}") as world:
        await journey(world)
        await rotate(database_url, old, new)  # as it was before the new key was put in front
        assert await unreadable(world, Vault([new])) > 10
        serving = asyncio.create_task(keep_ordering(world))
        await asyncio.sleep(0.2)
        for _ in range(2):
            await rotate(database_url, new, old)
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await world.workers_run()
        assert len(world.texts_on(ADA)) > 1
        assert await unreadable(world, Vault([new])) == 0
        assert (await world.open_page("/messages")).status_code == 200
        assert {message["to"] for message in await world.messages()} == {ADA}


async def rotate(database_url: str, *keys: str) -> None:
    with Progress(disable=True) as progress:
        await rotate_keys(keys, database_url, progress)


async def unreadable(world: World, vault: Vault) -> int:
    """How many encrypted values *vault* cannot open."""
    count = 0
    import_models()
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith(("_encrypted", "_sealed")):
                opener = vault.decrypt if column.name.endswith("_encrypted") else vault.open
                rows = await world.rows(f'SELECT "{column.name}" AS value FROM "{table.name}"')
                for value in [row["value"] for row in rows if row["value"] is not None]:
                    try:
                        opener(value)
                    except Undecipherable:
                        count += 1
    return count


async def journey(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    await world.texts_from(ADA, "hello")
    await world.shopify.send_webhook(SHOP, "orders/create", b"not json")
    await world.workers_run()


async def keep_ordering(world: World) -> None:
    while True:
        await world.order()
        await world.workers_run()
