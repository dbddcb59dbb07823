"""Fence attempts, pace each group of calls, and keep the bookmark of the message store.

Revision ID: 20261122_0600
Revises: 20261122_0430
"""

import sqlalchemy as sa
from alembic import op

from app.core.online_index import create_index_online

revision = "20261122_0600"
down_revision = "20261122_0430"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = "state IN ('queued', 'sending', 'unknown')"
    create_index_online("ix_messages_open_order", "messages", ["shop_id", "order_id"], where=waiting)
    create_index_online("ix_messages_expiry", "messages", ["expires_at"], where="state = 'queued'")
    op.add_column("messages", sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("messages", sa.Column("redeliveries", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("pace_slots", sa.Column("call_group", sa.Text(), server_default="medium", nullable=False))
    op.add_column("pace_slots", sa.Column("message_id", sa.BigInteger(), nullable=True))
    op.add_column("provider_users", sa.Column("call_reserve", sa.BigInteger(), server_default="4", nullable=False))
    op.add_column("provider_users", sa.Column("light_limit", sa.BigInteger(), server_default="45", nullable=False))
    op.add_column("provider_users", sa.Column("next_free_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("provider_users", sa.Column("login_lease_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("provider_users", sa.Column("sync_token", sa.Text(), nullable=True))
    op.add_column("provider_users", sa.Column("sync_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("provider_users", sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_provider_users_sync_due_at",
        "provider_users",
        ["sync_due_at"],
        unique=False,
        postgresql_where=sa.text("sync_due_at IS NOT NULL"),
    )
    op.add_column("senders", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("senders", sa.Column("pause_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("senders", "pause_reason")
    op.drop_column("senders", "paused_until")
    op.drop_index(
        "ix_provider_users_sync_due_at",
        table_name="provider_users",
        postgresql_where=sa.text("sync_due_at IS NOT NULL"),
    )
    for column in (
        "synced_at",
        "sync_due_at",
        "sync_token",
        "login_lease_until",
        "next_free_at",
        "light_limit",
        "call_reserve",
    ):
        op.drop_column("provider_users", column)
    op.drop_column("pace_slots", "message_id")
    op.drop_column("pace_slots", "call_group")
    op.drop_index("ix_messages_expiry", table_name="messages", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index(
        "ix_messages_open_order",
        table_name="messages",
        postgresql_where=sa.text("state IN ('queued', 'sending', 'unknown')"),
    )
    op.drop_column("messages", "redeliveries")
    op.drop_column("messages", "fence")
