"""Runs migrations online, one process at a time, with short limits so that a migration never holds up traffic.

Each revision is a transaction of its own, so that an index can be made outside of one (`app/core/online_index.py`). The
lock is a session's, and it is asked for again and again: who waited for it in a statement would be waited for by the
index in turn. The server looks whether we still live, so that a migration that was killed lets go of the lock.
"""

import asyncio
import time

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.core.db import Base
from app.core.discovery import import_models
from app.core.log import get_logger
from app.core.online_index import LOCK_TIMEOUT, LOOK_FOR_CLIENT, STATEMENT_TIMEOUT

log = get_logger(__name__)

LOCK = 7_302_015_001
"""An advisory lock: processes that start together migrate one after the other."""

import_models()


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """PgQueuer's tables are its own; they are installed by a revision and never compared."""
    return not (kind == "table" and (name or "").startswith("pgqueuer"))


def migrate(connection: Connection) -> None:
    connection.execute(text(f"SET client_connection_check_interval = '{LOOK_FOR_CLIENT}'"))
    _wait_for_our_turn(connection)
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=is_ours,
        compare_type=True,
        compare_server_default=False,
        transactional_ddl=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _wait_for_our_turn(connection: Connection) -> None:
    """Held until the connection closes."""
    told = False
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
        connection.commit()
        if not told:
            log.warning("migration.waits_for_another")
        told = True
        time.sleep(0.2)


async def run() -> None:
    url = make_url(context.config.attributes["database_url"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
