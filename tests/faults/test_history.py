"""Processes die in the midst of history: both ways of the import and the API's backfill end with each order once."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from app.core.db import Database
from tests.connect.stage import JANE_MOBILE, JANE_OWN
from tests.faults.machines import Machines, open_machines
from tests.world import SHOP

pytestmark = pytest.mark.slow
OTHER = "other-store.myshopify.com"
ORDERS, PAGES, PAGE = 300, 3, 100
STATE = """
SELECT s.domain, i.state, i.way, i.problem, i.counts,
    (SELECT count(*) FROM connect_orders o WHERE o.import_id = i.id) AS stored
FROM connect_imports i JOIN shops s ON s.id = i.shop_id
"""
RESULT = """
SELECT s.domain, count(*) AS orders, count(DISTINCT coalesce(shopify_order_id, reference_id)) AS different,
    bool_and(dont_trigger_auto_actions) AS silent, min(lines) AS fewest, max(lines) AS most
FROM connect_orders o JOIN shops s ON s.id = o.shop_id
CROSS JOIN LATERAL (SELECT count(*) AS lines FROM connect_order_lines l WHERE l.order_id = o.id) AS counted
GROUP BY s.domain, shopify_order_id IS NULL ORDER BY s.domain, shopify_order_id IS NULL
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside pytest's own folders, which PostgreSQL's user could not enter."""
    with tempfile.TemporaryDirectory(prefix="sms-faults-") as made:
        yield Path(made)


async def test_killed_imports_and_backfills_store_each_order_once(folder: Path) -> None:
    async with open_machines(folder, HISTORY_BULK="true") as machines:
        await machines.set_up_shop()
        machines.shopify.add_shop(OTHER, plan="Plus")
        machines.shopify.install(OTHER)
        await machines.http.get(f"{machines.app_url}/?{machines.shopify.document_query(OTHER, '/')}")
        key = await set_up_history(machines)
        # What is refused in the other shop goes by pages; the first one's is gathered in bulk.
        machines.shopify.bulk.allowed = False
        await admin(machines, "POST", "/connect/imports", {"dry_run": False}, OTHER)
        await until(machines, lambda runs: runs[OTHER]["way"] == "pages" and runs[OTHER]["stored"] > 0)
        machines.shopify.bulk.allowed = True
        await admin(machines, "POST", "/connect/imports", {"dry_run": False})
        backfill = asyncio.create_task(fill_by_api(machines, key))
        await until(machines, lambda runs: runs.get(SHOP, {"stored": 0})["stored"] > 0)
        midst = await imports(machines)
        await asyncio.gather(*(machines.kill(name) for name in ("worker-1", "worker-2", "web")))
        assert all(0 < run["stored"] < ORDERS for run in midst.values()), midst
        for name in ("web", "worker-1"):
            await machines.start(name)
        await backfill
        await until(machines, lambda runs: all(run["state"] != "running" for run in runs.values()), seconds=120)
        ended = await imports(machines)
        assert {domain: (run["way"], run["problem"]) for domain, run in ended.items()} == {
            SHOP: ("bulk", None),
            OTHER: ("pages", None),
        }
        assert [json.loads(run["counts"])["created"] for run in ended.values()] == [ORDERS, ORDERS], ended
        assert [tuple(row) for row in await rows(machines, RESULT)] == [
            (SHOP, ORDERS, ORDERS, True, 3, 3),
            (SHOP, PAGES * PAGE, PAGES * PAGE, True, 1, 1),
            (OTHER, ORDERS, ORDERS, True, 3, 3),
        ]
        assert machines.ringcentral.sent == []


async def set_up_history(machines: Machines) -> str:
    """An affiliate who texts, rules, and orders of the past in both shops; the key of the first."""
    user = machines.ringcentral.add_user(name="Jane Doe")
    machines.ringcentral.add_number(user, JANE_OWN)
    person = {"connect_id": "jane-1", "name": "Jane Doe", "phone": JANE_MOBILE}
    items = [{"title": f"Mug {number}", "price": "1.00"} for number in range(3)]
    machines.shopify.lose_webhooks = True
    for domain in (SHOP, OTHER):
        account = await admin(machines, "POST", "/connect/accounts", person, domain)
        if domain == SHOP:
            texting = {"alerts_enabled": True, "jwt": machines.ringcentral.issue_jwt(user), "phone_number": JANE_OWN}
            await admin(machines, "PUT", f"/connect/accounts/{account['id']}", texting)
        rules = {"rules": [{"field": "discount_code", "pattern": "VIP-*"}]}
        await admin(machines, "PUT", "/connect/attribution", rules, domain)
        ada = machines.shopify.add_customer(domain, phone="+12125550123", consent="SUBSCRIBED")
        for index in range(ORDERS):
            at = machines.shopify.clock() - timedelta(days=1 + index % 50)
            await machines.shopify.place_order(
                domain, ada, items=items, discount_codes=["VIP-jane-1"], created_at=at, updated_at=at
            )
    machines.shopify.lose_webhooks = False
    return str((await admin(machines, "POST", "/api-keys", {"name": "Ours", "scopes": ["*"]}))["key"])


async def fill_by_api(machines: Machines, key: str) -> None:
    """What an integration does: a page that was not answered is sent again as it was."""
    for page in range(PAGES):
        line = {"name": "Mug", "quantity": 1, "price_cents": 100}
        orders = [
            {"connect_id": "jane-1", "reference_id": f"{page}-{number}", "paid_at": "2023-01-03", "line_items": [line]}
            for number in range(PAGE)
        ]
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"page-{page}"}
        while True:
            try:
                answer = await machines.http.post(
                    f"{machines.app_url}/api/v1/orders/bulk", json={"orders": orders}, headers=headers, timeout=60
                )
            except httpx2.TransportError:
                await asyncio.sleep(0.2)
                continue
            assert answer.status_code == 200, answer.text
            assert answer.json()["counts"]["created"] == PAGE
            break


async def admin(machines: Machines, method: str, path: str, body: object, domain: str = SHOP) -> dict[str, Any]:
    answer = await machines.http.request(
        method,
        f"{machines.app_url}/api/admin{path}",
        headers={"Authorization": f"Bearer {machines.shopify.id_token(domain)}"},
        json=body,
    )
    assert answer.status_code < 300, answer.text
    return dict(answer.json())


async def until(machines: Machines, true_of: Any, seconds: float = 60) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not true_of(await imports(machines)):  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{await imports(machines)}; {await machines.diagnosis()}") from None


async def imports(machines: Machines) -> dict[str, dict[str, Any]]:
    return {row["domain"]: dict(row) for row in await rows(machines, STATE + "ORDER BY s.domain")}


async def rows(machines: Machines, sql: str) -> list[Any]:
    connection = await asyncpg.connect(Database(machines.postgres.url).dsn)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()
