"""The two processes that run for months, web and worker, with as little around them as possible.

What they import stays in memory, so the command line's own libraries are not among it.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from app.config import ConfigurationError, Settings, read_settings
from app.core.db import PATIENCE, Database
from app.core.embedded_postgres import PostgresUnavailable, default_data_dir, start_embedded
from app.core.log import set_up_logging
from app.core.migrations import is_current_soon


def start(name: str) -> None:
    """*name*: web or worker. What is wrong with the configuration ends in one clear message and status 2."""
    try:
        {"web": serve_web, "worker": run_worker}[name]()
    except (ConfigurationError, PostgresUnavailable) as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def serve_web() -> None:
    """Serve HTTP on PORT until told to stop."""
    import uvicorn

    with settings_and_database() as (settings, database_url):
        check_migrated(database_url)
        os.environ["DATABASE_URL"] = database_url
        uvicorn.run(
            "app.main:create",
            factory=True,
            host=settings.bind_address,
            port=settings.port,
            workers=settings.web_concurrency if settings.web_concurrency > 1 else None,
            log_level="warning",
            ws="none",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=10,
        )


def run_worker() -> None:
    """Do the background work until told to stop."""
    from app.worker import work

    with settings_and_database() as (settings, database_url):
        check_migrated(database_url)
        _run_quickly(work(settings, database_url))


@contextmanager
def settings_and_database() -> Iterator[tuple[Settings, str]]:
    """The settings, and `DATABASE_URL` or the address of an embedded PostgreSQL that runs meanwhile."""
    settings = read_settings()
    set_up_logging(json=settings.production, level=settings.log_level)
    if settings.database_url is not None:
        yield settings, settings.database_url
        return
    with start_embedded(settings.data_dir or default_data_dir(settings.app_env)) as server:
        yield settings, server.url


def check_migrated(database_url: str) -> None:
    """Raises `ConfigurationError` when the database does not answer or is not at this version."""
    try:
        current = asyncio.run(is_current_soon(Database(database_url), patience=PATIENCE))
    except (OSError, asyncpg.PostgresError) as error:
        raise ConfigurationError(f"The database does not answer ({type(error).__name__}).") from None
    if not current:
        raise ConfigurationError("The database is not at this version: run `sms-for-ecommerce migrate` first.")


def _run_quickly(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop where there is one, as the web process does."""
    try:
        import uvloop  # not made for Windows
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
