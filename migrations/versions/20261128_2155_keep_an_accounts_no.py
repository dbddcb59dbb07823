"""Keeps when a connected account itself said no to texts or e-mails, and how often the snippet's secret was renewed."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_2155"
down_revision = "20261128_1950"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connect_accounts", sa.Column("refused_sms_at", sa.DateTime(timezone=True)))
    op.add_column("connect_accounts", sa.Column("refused_email_at", sa.DateTime(timezone=True)))
    op.add_column("shops", sa.Column("connect_secret_version", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("shops", "connect_secret_version")
    op.drop_column("connect_accounts", "refused_email_at")
    op.drop_column("connect_accounts", "refused_sms_at")
