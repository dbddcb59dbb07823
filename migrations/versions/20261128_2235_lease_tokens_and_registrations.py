"""lease a shop's token, its registration and the blocking of a phone; note since when its scopes are known"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261128_2235"
down_revision: str | None = "20261128_2205"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENTS = ("scopes_at", "token_lease_until", "registering_until")


def upgrade() -> None:
    for name in MOMENTS:
        op.add_column("shops", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("shops", sa.Column("token_lease_holder", sa.Text(), nullable=True))
    op.add_column("suppressions", sa.Column("blocking_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("suppressions", "blocking_until")
    op.drop_column("shops", "token_lease_holder")
    for name in MOMENTS:
        op.drop_column("shops", name)
