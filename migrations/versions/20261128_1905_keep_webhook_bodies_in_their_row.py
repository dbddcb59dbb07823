"""keep webhook bodies in their row"""

from collections.abc import Sequence

from alembic import op

revision: str = "20261128_1905"
down_revision: str | None = "20261128_1852"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A compressed and sealed order has about 2 kB. Up to 4 kB it stays in its row, two of them to a page, instead of
    # going into pieces of a side table with an index of its own.
    op.execute("ALTER TABLE deliveries SET (toast_tuple_target = 4080)")


def downgrade() -> None:
    op.execute("ALTER TABLE deliveries RESET (toast_tuple_target)")
