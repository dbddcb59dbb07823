"""Remembers who asked for a sign-in code on the Connect page, the visits that follow, and when an account joined."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1927"
down_revision = "20261128_1925"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connect_accounts", sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "connect_sign_ins",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("person_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("code_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_sign_ins_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_sign_ins_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_sign_ins")),
    )
    op.create_index("ix_connect_sign_ins_shop_id_person_hash", "connect_sign_ins", ["shop_id", "person_hash"])
    op.create_index("ix_connect_sign_ins_created_at", "connect_sign_ins", ["created_at"])
    op.create_table(
        "connect_visits",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_visits_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_visits_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_visits")),
    )
    op.create_index("ix_connect_visits_account_id", "connect_visits", ["account_id"])
    op.create_index("ix_connect_visits_created_at", "connect_visits", ["created_at"])


def downgrade() -> None:
    op.drop_table("connect_visits")
    op.drop_table("connect_sign_ins")
    op.drop_column("connect_accounts", "joined_at")
