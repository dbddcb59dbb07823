"""What the Connect section reads of tables that all shops share: its own rows by an index, however many others have."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from sqlalchemy import event

from tests.connect.stage import JANET, api_key
from tests.hosted.person import joined
from tests.world import SHOP, World

OTHERS = 8_000
"""Rows of another shop in each table, younger than ours."""
OURS = 60
MOST_ROWS = 600
"""That one look at a table may pass: some pages of ours, and none of the others'."""
SHARED = frozenset(
    {
        "messages", "inbound_messages", "connect_accounts", "connect_orders", "connect_order_lines", "connect_profiles",
        "connect_attributions", "connect_notices", "connect_webhook_calls", "api_requests", "senders",
    }
)  # fmt: skip
# $1 the shop, $2 its first account, $3 over how many of its accounts, $4 how many rows, $5 text, $6 whose phones.
ROWS = """
INSERT INTO senders (shop_id, account_id, phone_number, state, created_at)
SELECT $1, $2 + n % $3, '+1650' || $1 || n, 'disconnected', now() FROM generate_series(1, least($4, 3 * $3)) n;
INSERT INTO connect_profiles (shop_id, phone_hash, created_at)
SELECT $1, $6 || decode(md5(n::text), 'hex'), now() FROM generate_series(1, $4) n;
INSERT INTO connect_orders (shop_id, account_id, profile_id, reference_id, created_at, recorded_at, updated_at, paid_at,
                            total_cents, total_currency, profile_name_encrypted, phone_hash)
SELECT $1, $2 + row_number() OVER () % $3, id, 'ref-' || id, now(), now(), now(), now(), 100, 'USD', $5, phone_hash
FROM connect_profiles WHERE shop_id = $1;
INSERT INTO connect_order_lines (order_id, position, name, quantity, each_price_cents, each_price_currency, price_cents,
                                 price_currency)
SELECT id, 0, 'Mug', 1, 100, 'USD', 100, 'USD' FROM connect_orders WHERE shop_id = $1;
INSERT INTO messages (shop_id, sender_id, kind, subject, state, order_id, phone_encrypted, phone_hash, text_encrypted,
                      locale, segments, event_at, created_at, due_at, updated_at)
SELECT $1, (SELECT max(id) FROM senders WHERE shop_id = $1), 'connect_order_paid', id, 'delivered', 'connect:' || id,
       $5, phone_hash, $5, 'en', 1, now(), now(), now(), now() FROM connect_orders WHERE shop_id = $1;
INSERT INTO inbound_messages (shop_id, sender_id, provider_message_id, phone_encrypted, phone_hash, text_encrypted,
                              meaning, rule, received_at, handled_at)
SELECT $1, sender_id, 'in-' || id, $5, phone_hash, $5, 'other', '', now(), now() FROM messages WHERE shop_id = $1;
INSERT INTO connect_attributions (shop_id, shopify_order_id, account_id, rule, order_name, at)
SELECT $1, id, account_id, 'discount_code', '#' || id, now() FROM connect_orders WHERE shop_id = $1;
INSERT INTO connect_notices (shop_id, account_id, body_encrypted, created_at, updated_at)
SELECT $1, account_id, $5, now(), now() FROM connect_orders WHERE shop_id = $1;
INSERT INTO connect_webhook_endpoints (shop_id, url, events, secret_encrypted, created_at)
VALUES ($1, 'https://organisation.example/', '[]', $5, now());
INSERT INTO connect_webhook_calls (shop_id, endpoint_id, event_id, event, body_encrypted, state, due_at, created_at)
SELECT $1, (SELECT max(id) FROM connect_webhook_endpoints), n, 'api_client_granted_user_created', $5, 'delivered',
       now(), now()
FROM generate_series(1, $4) n;
INSERT INTO api_requests (shop_id, request_id, at, method, route, status, duration_ms)
SELECT $1, n, now(), 'GET', '/api/v1/orders', 200, 1 FROM generate_series(1, $4) n;
"""
OTHER_SHOP = """
INSERT INTO shops (domain, created_at) VALUES ('another.myshopify.com', now()) RETURNING id
"""
OTHER_ACCOUNTS = """
INSERT INTO connect_accounts (shop_id, connect_id, name_encrypted, created_at, updated_at)
SELECT $1, 'person-' || n, 'x', now(), now() FROM generate_series(1, $2::int) n
"""


async def fill(world: World, shop_id: int, account_id: int, accounts: int, count: int) -> None:
    text = f"'\\x{world.deps.vault.encrypt(JANET).hex()}'::bytea"
    values = (shop_id, account_id, accounts, count, text, f"'\\x{shop_id:02x}'::bytea")
    statements = ROWS
    for place, value in enumerate(values, 1):
        statements = statements.replace(f"${place}", str(value))
    await world.deps.db.pool.execute(statements)


async def crowd(world: World, account_id: int) -> None:
    """Our shop's rows, then a crowd of another shop's, and the statistics that PostgreSQL plans by."""
    await fill(world, 1, account_id, 1, OURS)
    pool = world.deps.db.pool
    other = await pool.fetchval(OTHER_SHOP)
    await pool.execute(OTHER_ACCOUNTS, other, OTHERS)
    first = await pool.fetchval("SELECT min(id) FROM connect_accounts WHERE shop_id = $1", other)
    await fill(world, other, first, OTHERS, OTHERS)
    await pool.execute("ANALYZE")


class Reads:
    """The questions that the app asked through SQLAlchemy, with what was given for their places."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, tuple[Any, ...]]] = []

    @contextmanager
    def of(self, world: World) -> Iterator[None]:
        def note(_c: Any, _u: Any, statement: str, values: Any, *_: Any) -> None:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                self.seen.append((statement, tuple(values)))

        engine = world.deps.db.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", note)


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def passed(node: dict[str, Any]) -> float:
    """How many rows it looked at."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


async def faults_in(world: World, reads: Reads) -> list[str]:
    found = []
    for statement, values in reads.seen:
        explained = await world.deps.db.pool.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, *values)
        for node in nodes(json.loads(explained)[0]["Plan"]):
            table = node.get("Relation Name")
            if table in SHARED and (node["Node Type"] == "Seq Scan" or passed(node) > MOST_ROWS):
                found.append(f"{node['Node Type']} of {table}, {passed(node):.0f} rows: {' '.join(statement.split())}")
    return found


ADMIN = (
    "/connect", "/connect?q=jane", "/connect?after=1", "/connect/accounts/{id}", "/connect/attribution",
    "/connect/accounts/{id}/texts/connect_order_paid", "/connect/history", "/connect/keys", "/connect/webhooks",
    "/connect/requests",
)  # fmt: skip
API = (
    "/orders?limit=5", "/orders?limit=5&reference_id=ref-3", "/orders/3", "/orders/reference_id-ref-3",
    "/users?limit=1", "/users/connect_id-jane-1", "/users/{id}",
)  # fmt: skip
HOSTED = ("/home", "/orders", "/customers", "/messages", "/number", "/texts", "/settings")


async def test_pages_and_listings_read_their_own_shops_rows_by_an_index(world: World) -> None:
    await world.ready()
    person, account_id = await joined(world)
    headers = {"Authorization": f"Bearer {await api_key(world)}"}
    await crowd(world, account_id)

    async def admin(address: str) -> httpx2.Response:
        path, _, query = address.partition("?")
        return await world.http.get(f"{world.url}{path}?{query}&{world.shopify.document_query(SHOP, path)}")

    async def api(address: str) -> httpx2.Response:
        return await world.http.get(f"{world.url}/api/v1{address}", headers=headers)

    reads, seen = Reads(), 0
    with reads.of(world):
        for ask, paths in ((admin, ADMIN), (api, API), (person.post, HOSTED)):
            for path in paths:
                answer = await ask(path.format(id=account_id))
                assert answer.status_code == 200, (path, answer.text[:300])
                if '"next_cursor":"' in answer.text:
                    assert (await ask(f"{path}&cursor={answer.json()['next_cursor']}")).status_code == 200
                if ask == person.post and path == "/messages":
                    one = re.findall(r"/messages/([\w-]+)", answer.text)[0]
                    assert (await ask(f"/messages/{one}")).status_code == 200
                assert len(reads.seen) > seen, path
                seen = len(reads.seen)
    assert await faults_in(world, reads) == []
