"""Connected accounts, how they sign in, and what their pages keep."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

LIVING = text("deleted_at IS NULL")


class Account(Base):
    """One affiliate of one shop. *import_history* is "unset", "yes" or "no": their own wish.

    *alerts_enabled*: customers get order texts in this person's name. Every token of the hosted page carries
    *token_epoch*, so raising it signs the person out everywhere. *joined_at*: when the person agreed on the hosted
    page; None before, and again once they have left. *refused_sms_at*, *refused_email_at*, *refused_alerts_at*: since
    when the person themselves wants no news by text, none by e-mail, no texts in their name; nobody else switches
    those on.
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
    refused_alerts_at: Mapped[datetime | None]
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


class Refusal(Base):
    """What somebody with this e-mail address or phone said no to, whichever account asked them; a yes removes it.

    *what*: "sms", "email" or "alerts". The keyed hash alone is kept, as long as the shop.
    """

    __tablename__ = "connect_refusals"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    person_hash: Mapped[bytes] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class AccountTemplate(Base):
    """An account's own wording; without a row the organisation's counts."""

    __tablename__ = "connect_templates"

    account_id: Mapped[int] = mapped_column(ForeignKey("connect_accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    updated_at: Mapped[datetime]


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
