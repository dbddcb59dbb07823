"""Remembers for each order of Shopify whose it is, also when it is nobody's, and how a backfill began."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261128_1852"
down_revision = "20261128_1850"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "shops", sa.Column("attributes_orders", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.alter_column("connect_attributions", "account_id", nullable=True)
    op.add_column(
        "connect_attributions", sa.Column("decided", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("connect_attributions", sa.Column("landing", postgresql.JSONB(), nullable=True))
    op.add_column("connect_imports", sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("connect_imports", "fence")
    op.drop_column("connect_attributions", "landing")
    op.drop_column("connect_attributions", "decided")
    op.execute("DELETE FROM connect_attributions WHERE account_id IS NULL")
    op.alter_column("connect_attributions", "account_id", nullable=False)
    op.drop_column("shops", "attributes_orders")
