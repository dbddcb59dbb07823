"""Addresses of the organisation that are told what happens, and each call."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class WebhookEndpoint(Base):
    """An address of the organisation that is told what happens; *secret_encrypted* signs every call."""

    __tablename__ = "connect_webhook_endpoints"
    __table_args__ = (Index("ix_connect_webhook_endpoints_shop_id", "shop_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(JSONB)
    secret_encrypted: Mapped[bytes]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class WebhookCall(Base):
    """One event for one endpoint, and its attempts: *log* holds when, status or error, and milliseconds of each."""

    __tablename__ = "connect_webhook_calls"
    __table_args__ = (
        Index("ix_connect_webhook_calls_shop_id_id", "shop_id", "id"),
        Index("ix_connect_webhook_calls_due", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("connect_webhook_endpoints.id", ondelete="CASCADE"))
    event_id: Mapped[str]
    event: Mapped[str]
    body_encrypted: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    replay_of: Mapped[int | None]
