"""Brings a database to this version: alembic's revisions, one process at a time.

alembic is loaded by whoever applies them. A server only asks which is the newest, and would keep five megabytes of it.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from app.core.db import Database, once_up

if TYPE_CHECKING:
    from alembic.config import Config


SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
REVISION = re.compile(r"^revision\b.*?=\s*[\"'](\w+)", re.MULTILINE)
BELOW = re.compile(r"^down_revision\b.*?=\s*[\"'](\w+)", re.MULTILINE)


def alembic_config(database_url: str) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database_url"] = database_url
    return config


async def is_current_soon(database: Database, *, patience: float) -> bool:
    """The same for a database that may still be starting: machines start side by side. *patience* is in seconds."""
    return await once_up(lambda: is_current(database), patience=patience)


async def is_current(database: Database) -> bool:
    """Whether the database has everything that this version needs.

    A revision that it does not know is a newer one: the next version has migrated, and this one goes on until it is
    replaced. Otherwise every process would call itself unready in the middle of an upgrade.
    """
    _, older = revisions()
    connection = await asyncpg.connect(database.dsn)
    try:
        if not await connection.fetchval("SELECT to_regclass('alembic_version')"):
            return False
        stored = await connection.fetchval("SELECT version_num FROM alembic_version")
        return stored is not None and stored not in older
    finally:
        await connection.close()


@cache
def revisions() -> tuple[str, frozenset[str]]:
    """(the newest, all older ones): the newest is the one that no other stands on."""
    scripts = [path.read_text() for path in (SCRIPTS / "versions").glob("*.py")]
    known, older = ({found[1] for text in scripts if (found := line.search(text))} for line in (REVISION, BELOW))
    [newest] = known - older
    return newest, frozenset(older)


def upgrade(database_url: str) -> str:
    """Apply what is missing; answers the revision that the database is at then. Safe to run side by side."""
    from alembic import command

    config = alembic_config(database_url)
    command.upgrade(config, "head")
    return revisions()[0]
