"""Brings a database to this version: alembic's revisions, one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> str:
    """Apply what is missing; answers the revision that the database is at then. Safe to run side by side."""
    config = alembic_config(database_url)
    command.upgrade(config, "head")
    return ScriptDirectory.from_config(config).get_current_head() or "no revision"
