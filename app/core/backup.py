"""Backup and restore: one file of PostgreSQL's own custom format, written by pg_dump and read by pg_restore.

Source: PostgreSQL manual, "pg_dump". The file holds what the database holds, so secrets and personal data in it are
encrypted with `ENCRYPTION_KEYS`; without those keys it is worthless, and they have to be kept elsewhere. The
programs are PostgreSQL's own.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from sqlalchemy.engine import URL, make_url

from app.core.db import Database
from app.core.embedded_postgres import PostgresUnavailable, programs_folder

SECONDS = 3600


class BackupError(Exception):
    """The backup or restore did not happen; the text says why."""


def back_up(database_url: str, file: Path) -> int:
    """Write *file* and answer its size in bytes. An existing file is never overwritten."""
    if file.exists():
        raise BackupError(f"{file} exists already: choose another name.")
    partial = file.with_name(file.name + ".partial")
    address = make_url(database_url)
    try:
        with partial.open("xb") as target:
            partial.chmod(0o600)
            command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", *_where(address)]
            _run(command, address, stdout=target.fileno())
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def restore(database_url: str, file: Path) -> None:
    """Fill an empty database from *file*, all or nothing. A database that has tables is left alone."""
    if asyncio.run(_has_tables(database_url)):
        raise BackupError("The database is not empty. Restore into an empty one, then point DATABASE_URL at it.")
    address = make_url(database_url)
    command = [_program("pg_restore"), "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    try:
        source = file.open("rb")
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}.") from None
    with source:
        _run(
            [*command, "--dbname", address.database or "postgres", *_where(address, name=False)],
            address,
            stdin=source.fileno(),
        )


async def _has_tables(database_url: str) -> bool:
    connection = await asyncpg.connect(Database(database_url).dsn)
    try:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')"))
    finally:
        await connection.close()


def _program(name: str) -> str:
    """The embedded PostgreSQL's where it is installed: pg_dump refuses servers newer than itself."""
    try:
        return os.fspath(programs_folder() / name)
    except PostgresUnavailable:
        found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} was not found: install PostgreSQL's client programs.")
    return found


def _where(address: URL, *, name: bool = True) -> list[str]:
    host = address.host or str(address.query.get("host", ""))
    arguments = ["--host", host] if host else []
    if address.port is not None:
        arguments += ["--port", str(address.port)]
    if address.username:
        arguments += ["--username", address.username]
    return [*arguments, "--dbname", address.database or "postgres"] if name else arguments


def _run(command: list[str], address: URL, *, stdin: int | None = None, stdout: int | None = None) -> None:
    """The password goes by the environment, where other users of the machine cannot read it."""
    environment: Mapping[str, str] = {
        **os.environ,
        **({"PGPASSWORD": str(address.password)} if address.password else {}),
    }
    done = subprocess.run(  # noqa: S603  # PostgreSQL's own program, with arguments of ours
        command, env=environment, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError(f"{Path(command[0]).name} failed: {words[-1] if words else 'no reason given'}")
