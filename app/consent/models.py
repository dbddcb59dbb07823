"""Tables of who may not be texted, and why.

`suppressions` decides; `consent_events` remembers, append-only, what changed, who changed it and by which words. Events
are chained by hashes per shop (`chain.py`), and the database itself refuses to change or delete what was chained.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class Suppression(Base):
    """One phone that opted out of one shop's texts. `lifted_at` is set by START or a recorded fresh consent.

    *held*: doubtful words; texts wait until staff decide. *compared_at*: when the lists were last laid side by side.
    *blocking_until*: the provider's list is being written, after which no confirmation gets through.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        UniqueConstraint("shop_id", "phone_hash"),
        Index("ix_suppressions_shop_id_since", "shop_id", "since", postgresql_where=text("lifted_at IS NULL")),
        Index("ix_suppressions_shop_id_held", "shop_id", "since", postgresql_where=text("held AND lifted_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    since: Mapped[datetime]
    held: Mapped[bool] = mapped_column(server_default="false")
    lifted_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    blocking_until: Mapped[datetime | None]


class ConsentEvent(Base):
    """One change of consent. *source* is "sms", "staff", "shopify", "provider", "public_page" or "checkout".

    *wording* is what the person was shown; *confirmation* who answered a STOP ("provider", "app") or why nobody did.
    *covered_sender_id* is the sender whose provider acted on the words by itself. Everything but the encrypted columns
    and what was written outward is part of the hash, so it stays when personal data is erased.
    """

    __tablename__ = "consent_events"
    __table_args__ = (
        Index("ix_consent_events_shop_id_phone_hash", "shop_id", "phone_hash"),
        UniqueConstraint("shop_id", "seq"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    seq: Mapped[int]
    phone_hash: Mapped[bytes]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    change: Mapped[str]
    source: Mapped[str]
    method: Mapped[str | None]
    words_encrypted: Mapped[bytes | None] = personal("text")
    words_hash: Mapped[bytes | None]
    address_encrypted: Mapped[bytes | None] = personal("address")
    address_hash: Mapped[bytes | None]
    wording: Mapped[str | None]
    rule: Mapped[str | None]
    matcher_version: Mapped[str | None]
    actor: Mapped[str]
    state_before: Mapped[str | None]
    state_after: Mapped[str | None]
    confirmation: Mapped[str | None]
    covered_sender_id: Mapped[int | None]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]
    written_to_shopify_at: Mapped[datetime | None]
    shopify_result: Mapped[str | None]
    written_to_provider_at: Mapped[datetime | None]
    provider_result: Mapped[str | None]


class OptOutDay(Base):
    """How many opt-outs belong to one day of a shop's own calendar. Counts only."""

    __tablename__ = "opt_out_days"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    opt_outs: Mapped[int]


class ConsentChain(Base):
    """The newest link of a shop's chain; its row lock puts events in order, and it shows when the last were cut off."""

    __tablename__ = "consent_chains"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int]
    head: Mapped[bytes]


class ConsentDrift(Base):
    """Shopify, the app and the provider disagree about one phone, until settled or gone; *sender_id* 0 is Shopify."""

    __tablename__ = "consent_drifts"
    __table_args__ = (
        Index(
            "uq_consent_drifts_open",
            "shop_id",
            "phone_hash",
            "kind",
            "sender_id",
            unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes]
    phone_encrypted: Mapped[bytes | None] = personal("phone")
    kind: Mapped[str]
    sender_id: Mapped[int] = mapped_column(server_default="0")
    found_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]


class OptInRequest(Base):
    """A question that was put to a phone ("Reply YES …"): only while it is open does YES mean anything."""

    __tablename__ = "opt_in_requests"
    __table_args__ = (UniqueConstraint("shop_id", "phone_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    wording: Mapped[str]


class ConsentPolicy(Base):
    """Whom a shop texts, as it declared it. Append-only; the newest decides; none means subscribers only."""

    __tablename__ = "consent_policies"
    __table_args__ = (Index("ix_consent_policies_shop_id", "shop_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    policy: Mapped[str]
    wording: Mapped[str]
    place: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class OptOutCode(Base):
    """A code texted to a phone whose owner wants to end the texts on the public page. Only its hash is kept."""

    __tablename__ = "opt_out_codes"
    __table_args__ = (Index("ix_opt_out_codes_shop_id_phone_hash", "shop_id", "phone_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes]
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    used_at: Mapped[datetime | None]


class PublicRequest(Base):
    """One use of the public page, by the keyed hash of where it came from, to keep its pace down."""

    __tablename__ = "public_requests"
    __table_args__ = (Index("ix_public_requests_shop_id_address_hash", "shop_id", "address_hash", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    address_hash: Mapped[bytes]
    at: Mapped[datetime]
