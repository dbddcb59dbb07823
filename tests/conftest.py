"""Fixtures for everybody: one real PostgreSQL for the run, and a fresh migrated database for each test that asks."""

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from app.core.db import Database
from app.core.embedded_postgres import start_embedded
from app.core.migrations import upgrade
from tests.statements import share_compiled_statements
from tests.world import World, open_world

TEMPLATE = "sms_test_template"

share_compiled_statements()

# Tracebacks as the app writes them. Unconfigured, structlog paints each with the values of all variables, which takes
# a fifth of a second apiece: more than half of what the fuzz tests took.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, the longest tests begin: one that ran last would leave the other workers without work."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("slow", "browser")))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL for this run: `TEST_DATABASE_URL`, else the embedded one without durability."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="sms-tests-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder), fast=True) as server:
            yield server.url


@pytest.fixture(scope="session")
def template_database(postgres: str) -> str:
    """A migrated database that each test's own is copied from."""
    database = with_name(postgres, TEMPLATE)
    run_sql(postgres, f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE}")
    upgrade(database)
    return database


@pytest.fixture
async def database_url(postgres: str, template_database: str) -> AsyncIterator[str]:
    name = f"sms_test_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(Database(postgres).dsn)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield with_name(postgres, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_world(database_url) as world:
        yield world


@pytest.fixture(scope="module")
async def one_chromium() -> AsyncIterator[None]:
    """Chromium started once for a module: each of its tests has a context, and so cookies and caches, of its own."""
    from tests.browser import kept_running

    async with kept_running():
        yield


def with_name(url: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


def run_sql(url: str, *statements: str) -> None:
    import asyncio

    async def run() -> None:
        connection = await asyncpg.connect(Database(url).dsn)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())
