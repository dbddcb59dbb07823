"""Counts opt-outs by day without reading every consent event of a shop."""

from alembic import op

from app.core.online_index import create_index_online

revision = "20261129_0020"
down_revision = "20261128_2256"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_online("ix_consent_events_shop_id_change_at", "consent_events", ["shop_id", "change", "at"])


def downgrade() -> None:
    op.drop_index("ix_consent_events_shop_id_change_at", table_name="consent_events")
