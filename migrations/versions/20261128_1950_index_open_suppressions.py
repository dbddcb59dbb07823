"""Finds the newest opt-outs, and the few numbers on hold, without reading all of a shop's suppressions."""

from alembic import op

from app.core.online_index import create_index_online

revision = "20261128_1950"
down_revision = "20261128_1947"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_online(
        "ix_suppressions_shop_id_since", "suppressions", ["shop_id", "since"], where="lifted_at IS NULL"
    )
    create_index_online(
        "ix_suppressions_shop_id_held", "suppressions", ["shop_id", "since"], where="held AND lifted_at IS NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_suppressions_shop_id_held", table_name="suppressions")
    op.drop_index("ix_suppressions_shop_id_since", table_name="suppressions")
