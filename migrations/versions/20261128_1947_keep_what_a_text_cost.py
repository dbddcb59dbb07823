"""Keeps what a text cost, in millionths of a US dollar. High Volume SMS tells it, standard SMS does not."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1947"
down_revision = "20261128_1927"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("cost_micros", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "cost_micros")
