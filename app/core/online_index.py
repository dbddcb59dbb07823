"""Indexes of tables that are in use, made while they are in use: what a migration of a large installation needs.

Source: PostgreSQL, "Building Indexes Concurrently". It cannot run in a transaction and waits for those that began
before it, however long they take; a build that was broken off leaves an invalid index of the same name behind. So these
stand first in an `upgrade`, before anything that cannot be done twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

LOCK_TIMEOUT, STATEMENT_TIMEOUT = "5s", "60s"
"""Of everything else in a migration: rather fail than hold up traffic."""
LOOK_FOR_CLIENT = "2s"
"""An index is made without a limit: the server gives it up when the process that asked for it was killed."""


def create_index_online(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """Make the index beside running traffic, anew where an earlier try left something behind."""
    with _outside_a_transaction():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)
        op.create_index(
            name,
            table,
            list(columns),
            unique=unique,
            postgresql_where=sa.text(where) if where is not None else None,
            postgresql_concurrently=True,
        )


def drop_index_online(name: str, table: str) -> None:
    with _outside_a_transaction():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)


@contextmanager
def _outside_a_transaction() -> Iterator[None]:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        try:
            yield
        finally:
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            op.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
