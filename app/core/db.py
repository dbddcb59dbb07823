"""The PostgreSQL database: one engine for features, one small asyncpg pool for the two roads where an ORM is too slow.

A request or a job is one transaction, committed at the edge. Columns that hold personal data are marked with
`personal(...)`; a test redacts a customer and looks at every marked column, so a new table cannot be forgotten.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import asyncpg
from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Text, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from app.core.log import get_logger

log = get_logger(__name__)
T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which a database that is starting is waited for."""
NOT_UP_YET = (ConnectionRefusedError, FileNotFoundError, asyncpg.CannotConnectNowError)
"""Nobody listens, there is no socket, or PostgreSQL says that it is starting, recovering or going down."""
NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables. Ids are 64-bit, times aware, text unbounded; ids from outside are text."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        datetime: DateTime(timezone=True),
        str: Text,
        bytes: LargeBinary,
    }


async def once_up(ask: Callable[[], Awaitable[T]], *, patience: float) -> T:
    """What *ask* answers, asked again while the database is not up yet. *patience* is in seconds."""
    deadline = time.monotonic() + patience
    waiting = False
    while True:
        try:
            return await ask()
        except NOT_UP_YET as error:
            if time.monotonic() >= deadline:
                raise
            if not waiting:
                log.warning("database.waited_for", error=type(error).__name__)
            waiting = True
            await asyncio.sleep(0.25)


def personal(what: str, *, type_: Any = None) -> MappedColumn[Any]:
    """A column with personal data of a customer: *what* is "phone", "name", "text" or "payload"."""
    return mapped_column(type_, info={"personal": what})


class Database:
    """Opened with `open`, closed with `close`. *url* is `postgresql[+asyncpg]://…`."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        address = make_url(url).set(drivername="postgresql+asyncpg")
        self.url = address.render_as_string(hide_password=False)
        self.engine = create_async_engine(address, pool_size=pool_size, max_overflow=5, hide_parameters=True)
        # The driver learns of a lost connection by itself; a question at each use would be a tenth of all traffic.
        event.listen(self.engine.sync_engine, "checkout", _refuse_if_closed)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        readers = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._readings = async_sessionmaker(readers, expire_on_commit=False)
        self._pool: asyncpg.Pool | None = None

    @property
    def dsn(self) -> str:
        """The address as asyncpg takes it."""
        return self.url.replace("postgresql+asyncpg://", "postgresql://", 1)

    @property
    def pool(self) -> asyncpg.Pool:
        if self._pool is None:
            raise RuntimeError("The database is not open.")
        return self._pool

    async def open(self, *, patience: float = PATIENCE) -> None:
        """A database that restarts just now is waited for, *patience* seconds at most."""
        self._pool = await once_up(self._connect, patience=patience)

    async def _connect(self) -> asyncpg.Pool:
        # Statement caching stays on; connections are few because two flushes in flight saturate the disk.
        return await asyncpg.create_pool(
            self.dsn, min_size=1, max_size=6, command_timeout=30, reset=leave_settings_alone
        )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end of the block and rolled back on any error.

        Callbacks given to `after_commit` run once the commit has happened.
        """
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only looks: each statement for itself, without the round trips of a transaction around it."""
        async with self._readings() as session:
            yield session

    @asynccontextmanager
    async def listening(self, wakes: Mapping[str, Callable[[], None]]) -> AsyncIterator[asyncio.Event]:
        """Calls the function of a channel for every NOTIFY on it. The event is set when the connection has gone."""
        gone = asyncio.Event()
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            connection.add_termination_listener(lambda *_: gone.set())
            for channel, wake in wakes.items():
                await connection.add_listener(channel, lambda *_, wake=wake: wake())
            yield gone
        finally:
            await connection.close(timeout=5)

    async def notify(self, channel: str) -> None:
        await self.pool.execute("SELECT pg_notify($1, '')", channel)


async def leave_settings_alone(_connection: object) -> None:
    """Nobody changes a session's settings, so giving a connection back asks the server nothing.

    Measured: the usual reset is a second round trip after every group of webhooks. An open transaction is rolled back
    all the same.
    """


def _refuse_if_closed(connection: Any, _record: object, _proxy: object) -> None:
    if connection.driver_connection.is_closed():
        raise DisconnectionError("The database has closed this connection.")


def after_commit(session: AsyncSession, callback: Any) -> None:
    """Run *callback()* after this session's transaction has been committed; not at all if it is rolled back."""

    def run(_session: object) -> None:
        callback()

    event.listen(session.sync_session, "after_commit", run, once=True)


async def driver_connection(session: AsyncSession) -> Any:
    """The asyncpg connection that carries this session's transaction."""
    connection = await session.connection()
    return (await connection.get_raw_connection()).driver_connection
