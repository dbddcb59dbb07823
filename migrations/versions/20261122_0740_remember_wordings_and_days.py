"""Remembers earlier wordings, counts of finished days, and export links; finds unread replies and odd messages fast."""

import sqlalchemy as sa
from alembic import op

from app.core.online_index import create_index_online

revision = "20261122_0740"
down_revision = "20261122_0720"
branch_labels = None
depends_on = None


def upgrade() -> None:
    read_at = sa.Column("read_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("inbound_messages", read_at, if_not_exists=True)
    create_index_online("ix_inbound_messages_unread", "inbound_messages", ["shop_id", "id"], where="read_at IS NULL")
    create_index_online("ix_messages_shop_id_created_at", "messages", ["shop_id", "created_at"])
    # Almost all texts end as delivered; what is looked for in a long log are the others.
    unusual = "state <> 'delivered'"
    create_index_online("ix_messages_shop_id_state_id", "messages", ["shop_id", "state", "id"], where=unusual)
    for column in ("order_name", "order_id"):
        known = f"{column} IS NOT NULL"
        create_index_online(f"ix_messages_shop_id_{column}", "messages", ["shop_id", column], where=known)
    op.create_table(
        "template_versions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_template_versions_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_versions")),
    )
    op.create_index(
        "ix_template_versions_shop_id_kind_locale_id", "template_versions", ["shop_id", "kind", "locale", "id"]
    )
    op.create_table(
        "message_days",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_message_days_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shop_id", "day", "kind", "state", "locale", name=op.f("pk_message_days")),
    )
    op.create_table(
        "export_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("filters_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_export_links_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_export_links")),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_shop_id_order_id", table_name="messages")
    op.drop_index("ix_messages_shop_id_order_name", table_name="messages")
    op.drop_index("ix_messages_shop_id_state_id", table_name="messages")
    op.drop_index("ix_messages_shop_id_created_at", table_name="messages")
    op.drop_index("ix_inbound_messages_unread", table_name="inbound_messages")
    op.drop_column("inbound_messages", "read_at")
    op.drop_table("export_links")
    op.drop_table("message_days")
    op.drop_index("ix_template_versions_shop_id_kind_locale_id", table_name="template_versions")
    op.drop_table("template_versions")
