"""Brings a database to this version: alembic's revisions, one process at a time."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.core.db import Database

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database_url"] = database_url
    return config


async def is_current(database: Database) -> bool:
    """Whether the database is at the newest revision that this version knows."""
    head = ScriptDirectory.from_config(alembic_config(database.url)).get_current_head()
    connection = await asyncpg.connect(database.dsn)
    try:
        if not await connection.fetchval("SELECT to_regclass('alembic_version')"):
            return False
        return bool(await connection.fetchval("SELECT version_num FROM alembic_version") == head)
    finally:
        await connection.close()


def upgrade(database_url: str) -> str:
    """Apply what is missing; answers the revision that the database is at then. Safe to run side by side."""
    config = alembic_config(database_url)
    command.upgrade(config, "head")
    return ScriptDirectory.from_config(config).get_current_head() or "no revision"
