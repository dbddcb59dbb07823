"""Keeps which way an import goes, and where it stands in the file of a bulk operation."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_2205"
down_revision = "20261128_2155"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connect_imports", sa.Column("way", sa.Text(), nullable=False, server_default="pages"))
    op.add_column("connect_imports", sa.Column("note", sa.Text()))
    op.add_column("connect_imports", sa.Column("operation_id", sa.Text()))
    op.add_column("connect_imports", sa.Column("gathered", sa.BigInteger()))
    op.add_column("connect_imports", sa.Column("read_to", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    for column in ("read_to", "gathered", "operation_id", "note", "way"):
        op.drop_column("connect_imports", column)
