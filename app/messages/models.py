"""Tables of the outbox and the inbox of texts.

A message row says what it is about (shop, kind, order, fulfillment), not what it reads; the text is composed at the
gate and stored, encrypted, in the transaction that comes right before the provider call, so that a lost answer can be
looked up by it. The unique business key `(shop_id, kind, subject)` is why nobody gets a text twice.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Message(Base):
    """One text to one phone, from the event that asked for it to its end.

    *attempts* counts claims since it was queued or sent again, and spaces them. *fence* counts all claims ever and
    never goes back: whoever settles an attempt names its fence, so a worker that was given up for dead cannot settle
    the attempt of another. *held_by*: the process that claimed it last. *resends*: sent once more after a lost outcome.
    *redeliveries*: after a passing fault. *cost_micros*: what the provider says it cost, in millionths of a US dollar.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "subject"),
        Index("ix_messages_shop_id_id", "shop_id", "id"),
        Index("ix_messages_due", "sender_id", "priority", "due_at", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_messages_held", "sender_id", postgresql_where=text("state = 'sending'")),
        Index("ix_messages_lease", "lease_until", postgresql_where=text("state IN ('sending', 'unknown')")),
        Index(
            "ix_messages_open_order",
            "shop_id",
            "order_id",
            postgresql_where=text("state IN ('queued', 'sending', 'unknown')"),
        ),
        Index("ix_messages_expiry", "expires_at", postgresql_where=text("state = 'queued'")),
        Index("ix_messages_provider_message_id", "provider_message_id"),
        Index("ix_messages_sender_id_id", "sender_id", "id"),
        Index("ix_messages_shop_id_phone_hash_sender_id", "shop_id", "phone_hash", "sender_id"),
        Index("ix_messages_follow_up", "follow_up_at", postgresql_where=text("follow_up_at IS NOT NULL")),
        Index("ix_messages_shop_id_created_at", "shop_id", "created_at"),
        Index("ix_messages_shop_id_state_id", "shop_id", "state", "id", postgresql_where=text("state <> 'delivered'")),
        Index(
            "ix_messages_shop_id_order_name",
            "shop_id",
            "order_name",
            postgresql_where=text("order_name IS NOT NULL"),
        ),
        Index("ix_messages_shop_id_order_id", "shop_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("senders.id", ondelete="SET NULL"))
    kind: Mapped[str]
    subject: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=MessageState.QUEUED)
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    priority: Mapped[int] = mapped_column(server_default="5")
    order_id: Mapped[str | None]
    fulfillment_id: Mapped[str | None]
    customer_id: Mapped[str | None]
    order_name: Mapped[str | None]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    phone_hash: Mapped[bytes | None]
    text_encrypted: Mapped[bytes | None] = personal("text")
    sent_text_encrypted: Mapped[bytes | None] = personal("text")
    locale: Mapped[str | None]
    segments: Mapped[int | None]
    cost_micros: Mapped[int | None]
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    event_at: Mapped[datetime]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    resends: Mapped[int] = mapped_column(server_default="0")
    redeliveries: Mapped[int] = mapped_column(server_default="0")
    held_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    provider_message_id: Mapped[str | None]
    provider_code: Mapped[str | None]
    follow_up_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class MessageTransition(Base):
    """One change of a message's state: when, from what, to what, and why."""

    __tablename__ = "message_transitions"
    __table_args__ = (Index("ix_message_transitions_message_id", "message_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    shop_id: Mapped[int]
    at: Mapped[datetime]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    cause: Mapped[str]


class InboundMessage(Base):
    """A text that a customer sent to a shop's number."""

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("sender_id", "provider_message_id"),
        Index("ix_inbound_messages_shop_id_id", "shop_id", "id"),
        Index("ix_inbound_messages_sender_id_id", "sender_id", "id"),
        Index("ix_inbound_messages_shop_id_phone_hash", "shop_id", "phone_hash"),
        Index("ix_inbound_messages_unread", "shop_id", "id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("senders.id", ondelete="CASCADE"))
    provider_message_id: Mapped[str]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    phone_hash: Mapped[bytes]
    text_encrypted: Mapped[bytes | None] = personal("text")
    meaning: Mapped[str]
    rule: Mapped[str]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime]
    passed_on_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class MessageDay(Base):
    """How many texts of a kind, language and state a shop made on one day of its own calendar. Counts only."""

    __tablename__ = "message_days"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int]
    segments: Mapped[int]


class ExportLink(Base):
    """A download that was asked for and not yet begun; it works once and for a minute."""

    __tablename__ = "export_links"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    filters_encrypted: Mapped[bytes]
    expires_at: Mapped[datetime]
