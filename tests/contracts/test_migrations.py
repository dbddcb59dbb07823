"""The migrations alone make the tables that the models describe."""

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from app.core.db import Base, Database
from app.core.discovery import import_models
from app.core.migrations import alembic_config, newest_revision, upgrade
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
    assert ScriptDirectory.from_config(alembic_config(empty_database)).get_heads() == [newest_revision()]


async def test_every_table_is_made(database_url: str) -> None:
    import_models()
    connection = await asyncpg.connect(Database(database_url).dsn)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert set(Base.metadata.tables) <= {row["tablename"] for row in rows}
