"""A process that starts beside its database waits for it, and says so when it does not come."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core.db import Database
from app.core.migrations import is_current, is_current_soon


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def relay(socket: Path, target: Path) -> asyncio.Server:
    """PostgreSQL behind a socket that can come later."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(target)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    return await asyncio.start_unix_server(connect, socket)


async def test_a_database_that_comes_a_moment_later_is_waited_for(database_url: str, tmp_path: Path) -> None:
    address = make_url(database_url)
    if "host" not in address.query:
        pytest.skip("TEST_DATABASE_URL names a server that is not reached by a socket")
    target = Path(str(address.query["host"])) / ".s.PGSQL.5432"
    late = Database(address.set(query={**address.query, "host": str(tmp_path)}).render_as_string(hide_password=False))
    looking = asyncio.create_task(is_current_soon(late, patience=20))
    opening = asyncio.create_task(late.open(patience=20))
    await asyncio.sleep(0.1)
    assert not looking.done()
    assert not opening.done()
    async with await relay(tmp_path / ".s.PGSQL.5432", target):
        assert await looking is True
        await opening
        assert await late.pool.fetchval("SELECT 1") == 1
        await late.close()


async def test_a_database_that_does_not_come_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await is_current_soon(Database(f"postgresql://postgres@/nothing?host={tmp_path}"), patience=0.3)


@pytest.mark.parametrize(
    ("revision", "ready"),
    [("20261122_0430", False), ("20991231_0000", True), (None, False)],
    ids=["older", "of the next version", "none"],
)
async def test_a_version_works_on_while_the_next_one_has_migrated(
    database_url: str, revision: str | None, ready: bool
) -> None:
    database = Database(database_url)
    connection = await asyncpg.connect(database.dsn)
    await connection.execute("DELETE FROM alembic_version")
    if revision is not None:
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", revision)
    await connection.close()
    assert await is_current(database) is ready
