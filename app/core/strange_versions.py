"""Webhooks whose bodies Shopify shaped for another version of its API than the one that this app is written for.

Source: Shopify, "API versioning": an expired version falls forward, and the topics of shopify.app.toml come in the
version that was last deployed with it, so a forgotten `shopify app deploy` shows here and nowhere else.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Database
from app.core.log import get_logger

log = get_logger(__name__)

AGAIN_AFTER = timedelta(hours=1)
COUNTS_FOR = timedelta(days=2)
MOST_KNOWN = 100


class StrangeVersion(Base):
    """The last time that a topic came in *version*."""

    __tablename__ = "strange_versions"

    topic: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class StrangeVersions:
    """Notes and logs each topic and version once an hour, so that a flood of them costs nothing."""

    def __init__(self, expected: str) -> None:
        self.expected = expected.encode()
        self._noted: dict[tuple[str, str], datetime] = {}

    async def note(self, database: Database, topic: str, version: str, now: datetime) -> None:
        last = self._noted.get((topic, version))
        if (last is not None and now - last < AGAIN_AFTER) or len(self._noted) >= MOST_KNOWN:
            return
        self._noted[topic, version] = now
        log.warning("webhook.strange_version", topic=topic, version=version, expected=self.expected.decode())
        row = insert(StrangeVersion).values(topic=topic, version=version, seen_at=now)
        async with database.transaction() as session:
            await session.execute(
                row.on_conflict_do_update(index_elements=["topic", "version"], set_={"seen_at": row.excluded.seen_at})
            )


async def strange_versions(session: AsyncSession, now: datetime) -> list[tuple[str, str]]:
    """(topic, version) of what came lately."""
    query = select(StrangeVersion.topic, StrangeVersion.version).where(StrangeVersion.seen_at > now - COUNTS_FOR)
    return [(topic, version) for topic, version in await session.execute(query.order_by(StrangeVersion.topic))]
