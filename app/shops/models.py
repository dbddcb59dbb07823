"""Tables of shops, their RingCentral users and the numbers they send from.

A RingCentral user is shared: two shops may paste credentials of the same user, and RingCentral counts calls, sessions
and subscriptions per user and application. So token, pace and subscription live on `ProviderUser`; what belongs to
one shop alone (its credentials, its number) lives on `Sender`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Shop(Base):
    """One store. The row stays after an uninstall until Shopify's `shop/redact`.

    *granted_at*: when Shopify was last asked for a token and gave one, which it does for installed shops only.
    *scopes_at*: as of when *scopes* are known. *token_lease_until*: one process is asking for a token.
    *registering_until*: one is comparing the webhook subscriptions.
    """

    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    url: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(server_default="America/New_York")
    country: Mapped[str] = mapped_column(server_default="US")
    currency: Mapped[str] = mapped_column(server_default="USD")
    installed_at: Mapped[datetime | None]
    uninstalled_at: Mapped[datetime | None]
    access_token_encrypted: Mapped[bytes | None]
    access_expires_at: Mapped[datetime | None]
    refresh_token_encrypted: Mapped[bytes | None]
    refresh_expires_at: Mapped[datetime | None]
    granted_at: Mapped[datetime | None]
    token_lease_until: Mapped[datetime | None]
    token_lease_holder: Mapped[str | None]
    scopes: Mapped[str] = mapped_column(server_default="")
    scopes_at: Mapped[datetime | None]
    registering_until: Mapped[datetime | None]
    needs_reauth: Mapped[bool] = mapped_column(server_default=text("false"))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    facts_read_at: Mapped[datetime | None]
    attributes_orders: Mapped[bool] = mapped_column(server_default=text("false"))
    """Some of its orders may be a connected account's: there are rules by which to know."""
    connect_secret_version: Mapped[int] = mapped_column(server_default=text("0"))
    """How often the secret that signs the organisation's own ids of people was renewed."""
    created_at: Mapped[datetime]

    @property
    def installed(self) -> bool:
        return self.installed_at is not None and self.uninstalled_at is None


class ProviderUser(Base):
    """One RingCentral user as seen by one RingCentral application: token, pace and webhook subscription."""

    __tablename__ = "provider_users"
    __table_args__ = (
        UniqueConstraint("provider", "client_id", "owner_id"),
        Index("ix_provider_users_sync_due_at", "sync_due_at", postgresql_where=text("sync_due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    server: Mapped[str]
    client_id: Mapped[str]
    owner_id: Mapped[str]
    access_token_encrypted: Mapped[bytes | None]
    token_expires_at: Mapped[datetime | None]
    scopes: Mapped[str] = mapped_column(server_default="")
    login_paused_until: Mapped[datetime | None]
    login_refused_code: Mapped[str | None]
    """Why none of the JWTs pasted for it is accepted: nobody logs in, until one is pasted or somebody looks again."""
    login_lease_until: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    call_limit: Mapped[int] = mapped_column(server_default="36")
    call_reserve: Mapped[int] = mapped_column(server_default="4")
    light_limit: Mapped[int] = mapped_column(server_default="45")
    window_seconds: Mapped[int] = mapped_column(server_default="60")
    next_free_at: Mapped[datetime | None]
    hook_key: Mapped[str] = mapped_column(unique=True)
    verification_token_encrypted: Mapped[bytes]
    subscription_id: Mapped[str | None]
    subscription_expires_at: Mapped[datetime | None]
    subscription_checked_at: Mapped[datetime | None]
    inbound_read_until: Mapped[datetime | None]
    sync_token: Mapped[str | None]
    sync_due_at: Mapped[datetime | None]
    synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SenderState(StrEnum):
    NUMBER_NEEDED = "number_needed"
    READY = "ready"
    PAUSED = "paused"
    BROKEN = "broken"
    DISCONNECTED = "disconnected"


class ProblemOf(StrEnum):
    JWT = "jwt"
    """The JWT that was pasted for this very number is not accepted."""
    LOGIN = "login"
    NUMBER = "number"


class Sender(Base):
    """A shop's RingCentral credentials and the number it chose; several a shop are allowed.

    *account_id*: the connected account (affiliate) that it belongs to; None is the shop itself. An account that was
    given one of the shop's numbers has a row without credentials of its own and uses the shop's login.
    """

    __tablename__ = "senders"
    __table_args__ = (
        Index("ix_senders_shop_id", "shop_id"),
        Index("ix_senders_phone_number", "phone_number"),
        Index("ix_senders_provider_user_id", "provider_user_id"),
        Index("ix_senders_account_id", "account_id", postgresql_where=text("account_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    account_id: Mapped[int | None]
    provider_user_id: Mapped[int | None] = mapped_column(ForeignKey("provider_users.id"))
    provider: Mapped[str] = mapped_column(server_default="ringcentral")
    transport: Mapped[str] = mapped_column(server_default="sms")
    credentials_encrypted: Mapped[bytes | None]
    phone_number: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=SenderState.NUMBER_NEEDED)
    problem_code: Mapped[str | None]
    problem: Mapped[str | None]
    problem_of: Mapped[str | None]
    paused_until: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    provider_confirms_stop: Mapped[bool] = mapped_column(server_default=text("true"))
    numbers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    former_numbers: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class PaceSlot(Base):
    """One call of a RingCentral user's minute: taken before the call, stamped when the answer has arrived.

    *call_group*: RingCentral counts its groups of calls apart. *message_id*: the text that the call is for, if any.
    """

    __tablename__ = "pace_slots"
    __table_args__ = (Index("ix_pace_slots_provider_user_id_answered_at", "provider_user_id", "answered_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_user_id: Mapped[int] = mapped_column(ForeignKey("provider_users.id", ondelete="CASCADE"))
    call_group: Mapped[str] = mapped_column(server_default="medium")
    message_id: Mapped[int | None]
    taken_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class OAuthState(Base):
    """A single-use `state` of the authorization code grant."""

    __tablename__ = "oauth_states"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    shop_domain: Mapped[str]
    expires_at: Mapped[datetime]


class AuditEvent(Base):
    """Who did what to a shop's data. Never holds personal data itself; the shop may be gone."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_shop_domain_at", "shop_domain", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_domain: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
