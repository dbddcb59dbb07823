"""The migrations alone make the tables that the models describe."""

import ast
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from structlog.testing import capture_logs

from app.core.db import Base, Database
from app.core.discovery import import_models
from app.core.migrations import SCRIPTS, alembic_config, revisions, upgrade
from tests.conftest import run_sql, with_name

EMPTY = "sms_test_empty"


@pytest.fixture
def empty_database(postgres: str) -> str:
    run_sql(postgres, f"DROP DATABASE IF EXISTS {EMPTY} WITH (FORCE)", f"CREATE DATABASE {EMPTY}")
    return with_name(postgres, EMPTY)


def test_upgrading_from_empty_gives_what_the_models_say(empty_database: str) -> None:
    upgrade(empty_database)
    command.check(alembic_config(empty_database))


def test_upgrading_twice_changes_nothing(empty_database: str) -> None:
    assert upgrade(empty_database) == upgrade(empty_database)


def test_there_is_one_line_of_revisions(empty_database: str) -> None:
    assert ScriptDirectory.from_config(alembic_config(empty_database)).get_heads() == [revisions()[0]]


async def test_every_table_is_made(database_url: str) -> None:
    import_models()
    connection = await asyncpg.connect(Database(database_url).dsn)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert set(Base.metadata.tables) <= {row["tablename"] for row in rows}


# --- a large installation goes on working while it is upgraded ---

OPT_OUT = "INSERT INTO suppressions (shop_id, phone_hash, since) VALUES ($1, $2, now())"
WAITS_FOR_A_WRITER = """
SELECT count(*) FROM pg_stat_activity WHERE query ILIKE '%INDEX %' || $1 || '%' AND wait_event_type = 'Lock'
"""
BEFORE_THE_INDEX, THE_INDEX = "20261128_1947", "ix_suppressions_shop_id_since"
BEFORE_THE_COUNT = "20261129_0115"
ZONES = [
    ("UTC", "{}"),
    ("America/New_York", "{}"),
    ("UTC", '{"time_zone": "America/New_York"}'),
    ("Mars/Olympus", "{}"),
]
SHOP_IN = """
INSERT INTO shops (domain, created_at, timezone, settings) VALUES ($1, now(), $2, $3::jsonb) RETURNING id
"""
EVENTS_AT_MIDNIGHT = """
INSERT INTO consent_events (shop_id, seq, phone_hash, at, recorded_at, change, source, actor, previous_hash, hash)
SELECT $1, n, '', timestamptz '2026-11-01 23:59Z' + n / 2 * interval '1 minute', now(),
       CASE WHEN n = 4 THEN 'opt_in' ELSE 'opt_out' END, 'sms', 'customer', '', ''
FROM generate_series(1, 4) n
"""
SMALL_TABLES = {"provider_users", "senders"}
"""As many rows as numbers are connected."""


def made_here(source: str) -> tuple[set[str], list[str]]:
    """(tables that a revision makes, tables that it puts an index on in its transaction)."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [(node, ast.unparse(node.func)) for node in calls]
    tables = {ast.literal_eval(node.args[0]) for node, name in named if name == "op.create_table"}
    return tables, [ast.literal_eval(node.args[1]) for node, name in named if name == "op.create_index"]


@pytest.mark.parametrize("revision", sorted((SCRIPTS / "versions").glob("*.py")), ids=lambda path: path.stem)
def test_no_index_is_made_under_a_lock_on_a_table_that_grows(revision: Path) -> None:
    made, indexed = made_here(revision.read_text())
    assert [table for table in indexed if table not in made | SMALL_TABLES] == []


async def test_opt_outs_are_written_while_their_index_is_being_made(empty_database: str) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(empty_database), BEFORE_THE_INDEX)
    dsn = Database(empty_database).dsn
    slow, quick = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    shop = await quick.fetchval("INSERT INTO shops (domain, created_at) VALUES ('a.myshopify.com', now()) RETURNING id")
    # What an upgrade that was broken off has left behind is made anew.
    await quick.execute(f"CREATE INDEX {THE_INDEX} ON suppressions (phone_hash)")
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(OPT_OUT, shop, b"written before and not committed yet")
    upgrading = asyncio.create_task(asyncio.to_thread(upgrade, empty_database))
    try:
        async with asyncio.timeout(30):
            while not await quick.fetchval(WAITS_FOR_A_WRITER, THE_INDEX):
                assert not upgrading.done()
                await asyncio.sleep(0.02)
            await quick.execute(OPT_OUT, shop, b"written meanwhile", timeout=20)
    finally:
        await transaction.commit()
    await upgrading
    definition = await quick.fetchval("SELECT pg_get_indexdef(to_regclass($1))", THE_INDEX)
    assert "(shop_id, since)" in definition
    assert await quick.fetchval("SELECT count(*) FROM suppressions") == 2
    await slow.close()
    await quick.close()


async def test_opt_outs_of_before_are_counted_by_the_day_of_their_shop(empty_database: str) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(empty_database), BEFORE_THE_COUNT)
    connection = await asyncpg.connect(Database(empty_database).dsn)
    for seq, (zone, settings) in enumerate(ZONES, start=1):
        shop = await connection.fetchval(SHOP_IN, f"{seq}.myshopify.com", zone, settings)
        await connection.execute(EVENTS_AT_MIDNIGHT, shop)
    await asyncio.to_thread(upgrade, empty_database)
    rows = await connection.fetch("SELECT day::text, opt_outs FROM opt_out_days ORDER BY shop_id, day")
    await connection.close()
    east, west = [("2026-11-01", 1), ("2026-11-02", 2)], [("2026-11-01", 3)]
    assert [tuple(row) for row in rows] == [*east, *west, *west, *east]


ACCOUNT_IN = """
INSERT INTO connect_accounts (shop_id, connect_id, name_encrypted, email_hash, phone_hash, alerts_enabled,
    created_at, updated_at, granted_at, joined_at, revoked_at, deleted_at)
VALUES ($1, 'own-id-' || $2::int, '', $3, $4, $5, now(), now(), now(), $6, $7, $8) RETURNING id
"""
DEED_IN = """
INSERT INTO audit_events (shop_domain, at, actor, action) VALUES ('a.myshopify.com', $1, $2, 'account_' || $3::text)
"""
LEFT_EARLY, LATER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize("at", ["20261129_0020", "20261129_0123"], ids=["released", "on trial"])
async def test_who_left_before_noes_were_remembered_is_not_overruled_afterwards(empty_database: str, at: str) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(empty_database), at)
    connection = await asyncpg.connect(Database(empty_database).dsn)
    shop = await connection.fetchval(SHOP_IN, "a.myshopify.com", "UTC", "{}")

    async def account(
        email: bytes,
        *deeds: str,
        phone: bytes | None = None,
        at: datetime = LEFT_EARLY,
        removed: datetime | None = None,
        enabled: bool = False,
    ) -> int:
        """*deeds*: by its owner; without one, who removed it revoked it too."""
        left = at if "revoked" in deeds else removed
        joined = at if deeds[-1:] == ("joined",) and not removed else None
        number = await connection.fetchval("SELECT count(*) FROM connect_accounts")
        made: int = await connection.fetchval(ACCOUNT_IN, shop, number, email, phone, enabled, joined, left, removed)
        for deed in deeds:
            await connection.execute(DEED_IN, at, f"account:{made}", deed)
        if removed and "revoked" not in deeds:
            await connection.execute(DEED_IN, removed, "staff:1", "revoked")
        return made

    left = await account(b"left", "joined", "revoked", phone=b"left by phone")
    left_and_removed = await account(b"left and removed", "joined", "revoked", removed=LATER)
    removed = await account(b"removed by the shop", "joined", removed=LATER)
    await account(b"came back", "revoked", removed=LATER)
    came_back = await account(b"came back", "joined", at=LATER, enabled=True)
    await account(b"invited anew", "revoked", removed=LATER)
    invited_anew = await account(b"invited anew", enabled=True)
    await asyncio.to_thread(upgrade, empty_database)
    accounts = await connection.fetch("SELECT id, alerts_enabled, refused_alerts_at FROM connect_accounts")
    found = {row["id"]: (row["alerts_enabled"], row["refused_alerts_at"]) for row in accounts}
    refusals = await connection.fetch("SELECT person_hash, since FROM connect_refusals WHERE what = 'alerts'")
    await connection.close()
    assert found[left] == found[left_and_removed] == found[invited_anew] == (False, LEFT_EARLY)
    assert found[removed] == (False, None)
    assert found[came_back] == (True, None)
    said_no = [b"left", b"left by phone", b"left and removed", b"invited anew"]
    assert {row["person_hash"]: row["since"] for row in refusals} == dict.fromkeys(said_no, LEFT_EARLY)


async def test_a_migration_that_is_killed_lets_the_next_one_begin(empty_database: str) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(empty_database), BEFORE_THE_INDEX)
    dsn = Database(empty_database).dsn
    slow, quick = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    shop = await quick.fetchval("INSERT INTO shops (domain, created_at) VALUES ('a.myshopify.com', now()) RETURNING id")
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(OPT_OUT, shop, b"not committed yet")
    deed = "import sys; from app.core.migrations import upgrade; upgrade(sys.argv[1])"
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", deed, empty_database)
    which = WAITS_FOR_A_WRITER.replace("count(*)", "pid")
    try:
        async with asyncio.timeout(60):
            while (first := await quick.fetchval(which, THE_INDEX)) is None:
                assert killed.returncode is None
                await asyncio.sleep(0.02)
            killed.kill()
            await killed.wait()
            with capture_logs() as logs:
                upgrading = asyncio.create_task(asyncio.to_thread(upgrade, empty_database))
                while await quick.fetchval(which, THE_INDEX) in (None, first):
                    assert not upgrading.done()
                    await asyncio.sleep(0.02)
    finally:
        await transaction.commit()
    assert await upgrading == revisions()[0]
    assert [each["event"] for each in logs].count("migration.waits_for_another") == 1
    await slow.close()
    await quick.close()
