"""Whose an order of Shopify is, and backfills of the past ones."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


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
    __table_args__ = (Index("ix_connect_attributions_account_id_at", "account_id", "at"),)

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

    A dry run only counts. *way* is "pages", with *cursor* where the next one begins, or "bulk": Shopify's operation
    *operation_id* has *gathered* so many orders, and *read_to* bytes of its file are stored. *note*: why the way was
    changed. *fence* counts the steps, so that a worker that comes back from the dead adds nothing.
    """

    __tablename__ = "connect_imports"
    __table_args__ = (Index("ix_connect_imports_shop_id_id", "shop_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    dry_run: Mapped[bool]
    state: Mapped[str]
    since: Mapped[datetime | None]
    way: Mapped[str] = mapped_column(server_default="pages")
    note: Mapped[str | None]
    cursor: Mapped[str | None]
    operation_id: Mapped[str | None]
    gathered: Mapped[int | None]
    read_to: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
