"""Customers and orders that reached us by the API or a backfill."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class Profile(Base):
    """A customer of the organisation, known by phone, else by e-mail. Keeps the newest evidence of consent.

    *consent_state*: "subscribed", "unsubscribed", "pending" or None for nothing known.
    """

    __tablename__ = "connect_profiles"
    __table_args__ = (
        UniqueConstraint("shop_id", "phone_hash"),
        Index(
            "uq_connect_profiles_email",
            "shop_id",
            "email_hash",
            unique=True,
            postgresql_where=text("phone_hash IS NULL AND email_hash IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    phone_hash: Mapped[bytes | None]
    email_hash: Mapped[bytes | None]
    consent_state: Mapped[str | None]
    consent_collected_at: Mapped[datetime | None]
    consent_source: Mapped[str | None]
    consent_wording_encrypted: Mapped[bytes | None] = personal("text")
    consent_recorded_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ConnectOrder(Base):
    """An order that reached us by the API or a backfill. The customer's data is encrypted.

    *created_at* is the order's own date, *recorded_at* when we heard of it. Once *dont_trigger_auto_actions* is set it
    stays: such an order never causes a text. *shopify_order_id* is set for history that was read from Shopify.
    """

    __tablename__ = "connect_orders"
    __table_args__ = (
        Index("ix_connect_orders_shop_id_id", "shop_id", "id"),
        Index("ix_connect_orders_account_id_id", "account_id", "id"),
        Index("ix_connect_orders_account_id_created_at", "account_id", "created_at"),
        Index(
            "ix_connect_orders_customers",
            "shop_id",
            "account_id",
            "profile_id",
            "id",
            postgresql_where=text("deleted_at IS NULL AND profile_id IS NOT NULL"),
        ),
        Index("ix_connect_orders_reference_id", "shop_id", "reference_id"),
        Index("ix_connect_orders_profile_id", "profile_id"),
        Index("ix_connect_orders_phone_hash_account_id", "shop_id", "phone_hash", "account_id"),
        Index(
            "uq_connect_orders_shopify_order_id",
            "shop_id",
            "shopify_order_id",
            unique=True,
            postgresql_where=text("shopify_order_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"))
    profile_id: Mapped[int | None] = mapped_column(ForeignKey("connect_profiles.id", ondelete="SET NULL"))
    reference_id: Mapped[str | None]
    shopify_order_id: Mapped[str | None]
    import_id: Mapped[int | None]
    description_encrypted: Mapped[bytes | None] = personal("text")
    created_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    invoiced_at: Mapped[datetime | None]
    invoiced_source: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    paid_source: Mapped[str | None]
    shipped_at: Mapped[datetime | None]
    shipped_source: Mapped[str | None]
    refunded_at: Mapped[datetime | None]
    refunded_source: Mapped[str | None]
    shipping_link: Mapped[str | None]
    shipping_state: Mapped[str | None]
    shipping_source: Mapped[str | None]
    total_cents: Mapped[int]
    total_currency: Mapped[str]
    profile_name_encrypted: Mapped[bytes | None] = personal("name")
    profile_email_encrypted: Mapped[bytes | None] = personal("email")
    profile_phone_encrypted: Mapped[bytes | None] = personal("phone")
    phone_hash: Mapped[bytes | None]
    email_hash: Mapped[bytes | None]
    address_encrypted: Mapped[bytes | None] = personal("address")
    metadata_encrypted: Mapped[bytes | None] = personal("payload")
    dont_trigger_auto_actions: Mapped[bool] = mapped_column(server_default=text("false"))
    deleted_at: Mapped[datetime | None]


class ConnectLine(Base):
    """One line of an order. The price of a line is stored as it was given, whether or not it is quantity × each."""

    __tablename__ = "connect_order_lines"

    order_id: Mapped[int] = mapped_column(ForeignKey("connect_orders.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    each_price_cents: Mapped[int]
    each_price_currency: Mapped[str]
    price_cents: Mapped[int]
    price_currency: Mapped[str]
