"""The web process is killed at full load, several times: whatever it had answered with 200 is stored."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import httpx2
import pytest
from cryptography.fernet import Fernet

from app.core.db import Database
from app.shopify.webhooks import sign
from tests.ports import free_ports
from tests.world import API_KEY, API_SECRET, SHOP


@dataclass
class Sent:
    answered: set[str] = field(default_factory=set)
    sent: int = 0


@pytest.mark.slow
async def test_everything_that_was_answered_with_200_is_stored(database_url: str) -> None:
    port = free_ports().app
    sent = Sent()
    for _ in range(3):
        with start_web(database_url, port) as web:
            await is_up(port)
            load = [asyncio.create_task(keep_sending(port, sent)) for _ in range(16)]
            await reached(sent, len(sent.answered) + 200)
            web.send_signal(signal.SIGKILL)
            web.wait()
            await asyncio.gather(*load)
    connection = await asyncpg.connect(Database(database_url).dsn)
    stored = {
        row["webhook_id"].rsplit("/", 1)[1] for row in await connection.fetch("SELECT webhook_id FROM deliveries")
    }
    count = await connection.fetchval("SELECT count(*) FROM deliveries")
    await connection.close()
    assert len(sent.answered) >= 600
    assert sent.answered <= stored
    assert count == len(stored)


async def reached(sent: Sent, answers: int) -> None:
    async with asyncio.timeout(30):
        while len(sent.answered) < answers:  # noqa: ASYNC110  # several tasks add to it
            await asyncio.sleep(0.005)


async def keep_sending(port: int, sent: Sent) -> None:
    """Until the server is gone."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:
        with suppress(httpx2.TransportError):
            while True:
                sent.sent += 1
                webhook_id = f"w-{sent.sent}"
                body = b'{"id": %d, "note": "%s"}' % (sent.sent, b"x" * 2000)
                answer = await http.post(
                    f"http://127.0.0.1:{port}/webhooks/shopify",
                    content=body,
                    headers={
                        "X-Shopify-Topic": "orders/create",
                        "X-Shopify-Hmac-Sha256": sign(body, API_SECRET),
                        "X-Shopify-Shop-Domain": SHOP,
                        "X-Shopify-Webhook-Id": webhook_id,
                    },
                )
                if answer.status_code == 200:
                    sent.answered.add(webhook_id)


def start_web(database_url: str, port: int) -> "subprocess.Popen[bytes]":
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SHOPIFY", "RINGCENTRAL"))},
        "APP_ENV": "test",
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "SHOPIFY_API_KEY": API_KEY,
        "SHOPIFY_API_SECRET": API_SECRET,
        "SHOPIFY_APP_URL": f"http://127.0.0.1:{port}",
        "ENCRYPTION_KEYS": KEY,
    }
    return subprocess.Popen([sys.executable, "-m", "app", "web"], env=environment)


KEY = Fernet.generate_key().decode()


async def is_up(port: int) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        for _ in range(200):
            with suppress(httpx2.TransportError):
                if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError("the web process did not come up")
