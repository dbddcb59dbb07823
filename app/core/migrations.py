"""Brings a database to this version: alembic's revisions, one process at a time."""

import asyncio
import time
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.core.db import Database
from app.core.log import get_logger

log = get_logger(__name__)

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
NOT_UP_YET = (ConnectionRefusedError, FileNotFoundError, asyncpg.CannotConnectNowError)
"""Nobody listens, there is no socket, or PostgreSQL says that it is starting, recovering or going down."""


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database_url"] = database_url
    return config


async def is_current_soon(database: Database, *, patience: float) -> bool:
    """The same for a database that may still be starting: machines start side by side. *patience* is in seconds."""
    deadline = time.monotonic() + patience
    waiting = False
    while True:
        try:
            return await is_current(database)
        except NOT_UP_YET as error:
            if time.monotonic() >= deadline:
                raise
            if not waiting:
                log.warning("database.waited_for", error=type(error).__name__)
            waiting = True
            await asyncio.sleep(0.25)


async def is_current(database: Database) -> bool:
    """Whether the database has everything that this version needs.

    A revision that it does not know is a newer one: the next version has migrated, and this one goes on until it is
    replaced. Otherwise every process would call itself unready in the middle of an upgrade.
    """
    scripts = ScriptDirectory.from_config(alembic_config(database.url))
    older = {each.revision for each in scripts.walk_revisions()} - set(scripts.get_heads())
    connection = await asyncpg.connect(database.dsn)
    try:
        if not await connection.fetchval("SELECT to_regclass('alembic_version')"):
            return False
        stored = await connection.fetchval("SELECT version_num FROM alembic_version")
        return stored is not None and stored not in older
    finally:
        await connection.close()


def upgrade(database_url: str) -> str:
    """Apply what is missing; answers the revision that the database is at then. Safe to run side by side."""
    config = alembic_config(database_url)
    command.upgrade(config, "head")
    return ScriptDirectory.from_config(config).get_current_head() or "no revision"
