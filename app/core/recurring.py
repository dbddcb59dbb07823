"""Recurring work: of all worker processes exactly one runs each turn, because the turn is taken by one UPDATE."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Database
from app.core.jobs import Recurring

TRY_AGAIN = timedelta(minutes=1)


class RecurringTurn(Base):
    """When a recurring piece of work is due next."""

    __tablename__ = "recurring_turns"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    last_run_at: Mapped[datetime | None]


async def take_turns(database: Database, declared: dict[str, Recurring], now: datetime) -> list[Recurring]:
    """The pieces of work that are due and that this process has just taken upon itself."""
    taken = []
    async with database.transaction() as session:
        known = set(await session.scalars(select(RecurringTurn.name)))
        missing = [{"name": name, "due_at": now} for name in declared if name not in known]
        if missing:
            await session.execute(insert(RecurringTurn).values(missing).on_conflict_do_nothing())
        for work in declared.values():
            taking = (
                update(RecurringTurn)
                .where(RecurringTurn.name == work.name, RecurringTurn.due_at <= now)
                .values(due_at=now + work.period, last_run_at=now)
                .returning(RecurringTurn.name)
            )
            if await session.scalar(taking):
                taken.append(work)
    return taken


async def give_turn_back(database: Database, name: str, now: datetime) -> None:
    """The turn failed: somebody tries again in a minute rather than a period later."""
    async with database.transaction() as session:
        await session.execute(
            update(RecurringTurn)
            .where(RecurringTurn.name == name, RecurringTurn.due_at > now + TRY_AGAIN)
            .values(due_at=now + TRY_AGAIN)
        )


async def last_runs(database: Database) -> dict[str, datetime | None]:
    async with database.transaction() as session:
        rows = await session.execute(select(RecurringTurn.name, RecurringTurn.last_run_at))
        return dict(rows.all())


SOON = timedelta(seconds=5)
"""How often a worker looks for due turns."""


async def last_run(session: AsyncSession) -> datetime | None:
    """When any recurring work ran last, whichever it was."""
    return await session.scalar(select(func.max(RecurringTurn.last_run_at)))
