"""Remembers earlier wordings, counts of finished days, and export links; finds unread replies and odd messages fast."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0740"
down_revision = "20261122_0720"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
    op.add_column("inbound_messages", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_inbound_messages_unread",
        "inbound_messages",
        ["shop_id", "id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index("ix_messages_shop_id_created_at", "messages", ["shop_id", "created_at"])
    # Almost all texts end as delivered; what is looked for in a long log are the others.
    op.create_index(
        "ix_messages_shop_id_state_id",
        "messages",
        ["shop_id", "state", "id"],
        postgresql_where=sa.text("state <> 'delivered'"),
    )
    op.create_index(
        "ix_messages_shop_id_order_name",
        "messages",
        ["shop_id", "order_name"],
        postgresql_where=sa.text("order_name IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_shop_id_order_id",
        "messages",
        ["shop_id", "order_id"],
        postgresql_where=sa.text("order_id IS NOT NULL"),
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
