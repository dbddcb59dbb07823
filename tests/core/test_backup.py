"""A backup brings everything back, and only into an empty database."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from app.core.backup import BackupError, back_up, restore
from app.core.db import Database
from tests.conftest import with_name

COPY = "sms_test_restored"


@pytest.fixture
def empty_database(postgres: str, anyio_backend: str) -> str:
    return with_name(postgres, COPY)


async def rows_of(url: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(Database(url).dsn)
    rows = await connection.fetch("SELECT domain, name, settings FROM shops ORDER BY domain")
    await connection.close()
    return [tuple(row) for row in rows]


async def recreate(postgres: str, name: str) -> None:
    connection = await asyncpg.connect(Database(postgres).dsn)
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


async def test_a_restored_database_holds_what_the_first_one_held(
    postgres: str, database_url: str, empty_database: str, tmp_path: Path
) -> None:
    await recreate(postgres, COPY)
    connection = await asyncpg.connect(Database(database_url).dsn)
    await connection.execute("INSERT INTO shops (domain, name, created_at) VALUES ('a.myshopify.com', 'A', now())")
    await connection.close()
    file = tmp_path / "backup"
    assert back_up(database_url, file) == file.stat().st_size
    assert file.stat().st_mode & 0o077 == 0
    await asyncio.to_thread(restore, empty_database, file)
    assert await rows_of(empty_database) == await rows_of(database_url) != []
    with pytest.raises(BackupError, match="not empty"):
        await asyncio.to_thread(restore, empty_database, file)
    with pytest.raises(BackupError, match="exists already"):
        back_up(database_url, file)
