"""`keys rotate`: re-encrypts every encrypted column with the first key, in small batches, while the app is serving.

Columns are found by their names (`*_encrypted`, `*_sealed`), so a new table cannot be forgotten. Each batch is a
transaction of its own; running it again, or side by side, changes nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

from rich.progress import Progress
from sqlalchemy import Column, Table, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.db import Base, Database

BATCH = 500


async def rotate_keys(keys: Sequence[str], database_url: str, progress: Progress) -> None:
    vault, database = Vault(keys), Database(database_url)
    try:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                change = _change_for(vault, column.name)
                if change is not None:
                    await _rotate_column(database, table, column, change, progress)
    finally:
        await database.engine.dispose()


def _change_for(vault: Vault, name: str) -> Callable[[bytes], bytes] | None:
    if name.endswith("_encrypted"):
        return vault.rotate
    if name.endswith("_sealed"):
        return lambda sealed: vault.seal(vault.open(sealed))
    return None


async def _rotate_column(
    database: Database, table: Table, column: Column[bytes], change: Callable[[bytes], bytes], progress: Progress
) -> None:
    async with database.transaction() as session:
        total = await session.scalar(select(func.count()).select_from(table).where(column.is_not(None)))
    task = progress.add_task(f"{table.name}.{column.name}", total=total or 0)
    last: tuple[Any, ...] | None = None
    while True:
        async with database.transaction() as session:
            rows = await _next_batch(session, table, column, last)
            for *identity, value in rows:
                condition = tuple_(*table.primary_key.columns) == tuple_(*identity)
                await session.execute(
                    update(table).where(condition, column == value).values({column.name: change(value)})
                )
        if not rows:
            if not total:
                progress.update(task, total=1, completed=1)  # nothing to do is done
            return
        last = tuple(rows[-1][:-1])
        progress.advance(task, len(rows))


async def _next_batch(
    session: AsyncSession, table: Table, column: Column[bytes], last: tuple[Any, ...] | None
) -> list[tuple[Any, ...]]:
    keys = list(table.primary_key.columns)
    query = select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(BATCH)
    if last is not None:
        query = query.where(tuple_(*keys) > tuple_(*last))
    return [tuple(row) for row in await session.execute(query)]
