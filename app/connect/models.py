"""Tables of Connect: accounts, API keys, orders, what was said to accounts, and what was told to the organisation.

The organisation is the shop: every row belongs to one, and its id is the `company_id` of the API. An account's id is
the API's `user_id`. Orders made by the API or by a backfill live here; orders of Shopify stay there, and only their
attribution to an account is kept.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal

LIVING = text("deleted_at IS NULL")


class Account(Base):
    """One affiliate of one shop. *import_history* is "unset", "yes" or "no": their own wish.

    *alerts_enabled*: customers get order texts in this person's name. Every token of the hosted page carries
    *token_epoch*, so raising it signs the person out everywhere. *joined_at*: when the person agreed on the hosted
    page; None before, and again once they have left. *refused_sms_at*, *refused_email_at*: since when the person
    themselves wants none; nobody else switches those on.
    """

    __tablename__ = "connect_accounts"
    __table_args__ = (
        Index("ix_connect_accounts_shop_id_id", "shop_id", "id"),
        Index("uq_connect_accounts_connect_id", "shop_id", "connect_id", unique=True, postgresql_where=LIVING),
        Index("ix_connect_accounts_email_hash", "shop_id", "email_hash"),
        Index("ix_connect_accounts_phone_hash", "shop_id", "phone_hash"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    connect_id: Mapped[str | None]
    name_encrypted: Mapped[bytes]
    phone_encrypted: Mapped[bytes | None]
    phone_hash: Mapped[bytes | None]
    email_encrypted: Mapped[bytes | None]
    email_hash: Mapped[bytes | None]
    alerts_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    notify_by_sms: Mapped[bool] = mapped_column(server_default=text("true"))
    notify_by_email: Mapped[bool] = mapped_column(server_default=text("true"))
    refused_sms_at: Mapped[datetime | None]
    refused_email_at: Mapped[datetime | None]
    import_history: Mapped[str] = mapped_column(server_default="unset")
    import_history_at: Mapped[datetime | None]
    invited_at: Mapped[datetime | None]
    granted_at: Mapped[datetime | None]
    granted_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    token_epoch: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class SignIn(Base):
    """Somebody asked for a code on the hosted page. A stranger's row looks the same, but its code is empty.

    *account_id* None: not an account yet. *claim*: the organisation's own id of the person, signed by it.
    """

    __tablename__ = "connect_sign_ins"
    __table_args__ = (
        Index("ix_connect_sign_ins_shop_id_person_hash", "shop_id", "person_hash"),
        Index("ix_connect_sign_ins_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"))
    channel: Mapped[str]
    person_hash: Mapped[bytes]
    person_encrypted: Mapped[bytes]
    code_encrypted: Mapped[bytes]
    claim: Mapped[str | None]
    language: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    used_at: Mapped[datetime | None]


class Visit(Base):
    """One sign-in that is being used; its token is renewed with every page. *ended_at*: signed out."""

    __tablename__ = "connect_visits"
    __table_args__ = (
        Index("ix_connect_visits_account_id", "account_id"),
        Index("ix_connect_visits_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccountTemplate(Base):
    """An account's own wording; without a row the organisation's counts."""

    __tablename__ = "connect_templates"

    account_id: Mapped[int] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    updated_at: Mapped[datetime]


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
        Index("ix_connect_orders_reference_id", "shop_id", "reference_id"),
        Index("ix_connect_orders_profile_id", "profile_id"),
        Index("ix_connect_orders_phone_hash", "shop_id", "phone_hash"),
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


class Notice(Base):
    """A message from the organisation to an account, or to all that a broadcast reached (one row each)."""

    __tablename__ = "connect_notices"
    __table_args__ = (
        Index("ix_connect_notices_shop_id_id", "shop_id", "id"),
        Index("ix_connect_notices_account_id_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"))
    broadcast_id: Mapped[int | None]
    body_encrypted: Mapped[bytes]
    dont_mark_as_open: Mapped[bool] = mapped_column(server_default=text("false"))
    favorited_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    send_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    message_id: Mapped[int | None]


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


class AttributionRule(Base):
    """How an order of Shopify is known to be an account's; tried by *position*. `rules.py` tells the rest."""

    __tablename__ = "connect_rules"
    __table_args__ = (Index("ix_connect_rules_shop_id_position", "shop_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    position: Mapped[int]
    field: Mapped[str]
    name: Mapped[str | None]
    pattern: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class Attribution(Base):
    """Whose an order of Shopify is; *account_id* None: nobody's. Decided once, when it is first heard of.

    Not *decided*: the customer's tags have to be asked for first; *landing* keeps what only the webhook told, the
    parameters of the landing page that a rule looks at.
    """

    __tablename__ = "connect_attributions"
    __table_args__ = (Index("ix_connect_attributions_account_id", "account_id"),)

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    shopify_order_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"))
    rule: Mapped[str]
    decided: Mapped[bool] = mapped_column(server_default=text("true"))
    landing: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    order_name: Mapped[str | None]
    at: Mapped[datetime]


class HistoryImport(Base):
    """One backfill from Shopify: *state* is "running", "paused", "done" or "failed".

    *cursor* is where the next page begins, so that a stopped run goes on where it was. A dry run only counts. *fence*
    counts the pages that were stored, so that a worker that comes back from the dead adds nothing.
    """

    __tablename__ = "connect_imports"
    __table_args__ = (Index("ix_connect_imports_shop_id_id", "shop_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    dry_run: Mapped[bool]
    state: Mapped[str]
    since: Mapped[datetime | None]
    cursor: Mapped[str | None]
    fence: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
