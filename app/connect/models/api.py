"""The API's keys, repeated calls and request log."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class ApiKey(Base):
    """A key of the organisation's software: only its hash is kept. *window_start* and *window_calls* pace its calls."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_shop_id", "shop_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    name: Mapped[str]
    hint: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    window_start: Mapped[datetime | None]
    window_calls: Mapped[int] = mapped_column(server_default="0")


class StoredAnswer(Base):
    """What an `Idempotency-Key` was answered, so that a repeated call gets the same answer and does nothing."""

    __tablename__ = "api_answers"
    __table_args__ = (Index("ix_api_answers_created_at", "created_at"),)

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int | None]
    body_encrypted: Mapped[bytes | None] = personal("payload")
    created_at: Mapped[datetime]


class ApiRequest(Base):
    """One call of the API, for the merchant to look at: what was called and how it ended, never what it said."""

    __tablename__ = "api_requests"
    __table_args__ = (Index("ix_api_requests_shop_id_id", "shop_id", "id"), Index("ix_api_requests_at", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    account_id: Mapped[int | None]
    request_id: Mapped[str]
    at: Mapped[datetime]
    method: Mapped[str]
    route: Mapped[str]
    status: Mapped[int]
    code: Mapped[str | None]
    duration_ms: Mapped[int]
