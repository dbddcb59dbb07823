"""note webhooks that come in another version than ours"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261128_2245"
down_revision: str | None = "20261128_2235"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "strange_versions",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", "version", name=op.f("pk_strange_versions")),
    )


def downgrade() -> None:
    op.drop_table("strange_versions")
