"""Tables of who may not be texted, and why.

`suppressions` decides; `consent_events` remembers, append-only, what changed, who changed it and by which words.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class Suppression(Base):
    """One phone that opted out of one shop's texts. `lifted_at` is set by START or a recorded fresh consent."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("shop_id", "phone_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    since: Mapped[datetime]
    held: Mapped[bool] = mapped_column(server_default="false")
    lifted_at: Mapped[datetime | None]


class ConsentEvent(Base):
    """One change of consent. *source* is "sms", "staff", "shopify", "provider" or "public_page"."""

    __tablename__ = "consent_events"
    __table_args__ = (Index("ix_consent_events_shop_id_phone_hash", "shop_id", "phone_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    at: Mapped[datetime]
    change: Mapped[str]
    source: Mapped[str]
    method: Mapped[str | None]
    words_encrypted: Mapped[bytes | None] = personal("text")
    rule: Mapped[str | None]
    matcher_version: Mapped[str | None]
    actor: Mapped[str]
    state_before: Mapped[str | None]
    state_after: Mapped[str | None]
    written_to_shopify_at: Mapped[datetime | None]
    shopify_result: Mapped[str | None]
    written_to_provider_at: Mapped[datetime | None]
