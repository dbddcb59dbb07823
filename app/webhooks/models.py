"""Webhook calls as they came: stored once, sealed, before they are answered."""

from datetime import datetime
from enum import IntEnum

from sqlalchemy import Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class DeliveryState(IntEnum):
    STORED = 0
    QUEUED = 1
    DONE = 2
    FAILED = 3


class StoredDelivery(Base):
    """*lane* is what fairness counts by: the shop's id, minus the RingCentral user's id, or 0 for an unknown shop."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("source", "webhook_id"),
        Index("ix_deliveries_stored", "lane", "id", postgresql_where=text("state = 0")),
        Index("ix_deliveries_queued", "queued_at", postgresql_where=text("state = 1")),
        Index("ix_deliveries_received_at", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    webhook_id: Mapped[str]
    lane: Mapped[int]
    shop_id: Mapped[int | None]
    shop_domain: Mapped[str]
    provider_user_id: Mapped[int | None]
    topic: Mapped[str]
    event_id: Mapped[str]
    triggered_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    body_sealed: Mapped[bytes | None] = personal("payload", type_=BYTEA)
    state: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    queued_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
