"""Counts opt-outs by day as they are recorded; those of before are counted here, once.

What a process of the version before still records after this is in the ledger, but not in the chart.
"""

import sqlalchemy as sa
from alembic import op

from app.core.online_index import create_index_online, drop_index_online

revision = "20261129_0121"
down_revision = "20261129_0115"
branch_labels = None
depends_on = None

COUNT_THOSE_BEFORE = """
INSERT INTO opt_out_days (shop_id, day, opt_outs)
WITH known AS MATERIALIZED (SELECT name FROM pg_timezone_names)
SELECT event.shop_id, date(event.at AT TIME ZONE coalesce(known.name, 'UTC')), count(*)
FROM consent_events event
JOIN shops ON shops.id = event.shop_id
LEFT JOIN known ON known.name = coalesce(nullif(shops.settings ->> 'time_zone', ''), shops.timezone)
WHERE event.change = 'opt_out' AND event.state_before IS DISTINCT FROM 'suppressed'
GROUP BY 1, 2
"""


def upgrade() -> None:
    drop_index_online("ix_consent_events_shop_id_change_at", "consent_events")  # served the same chart
    op.create_table(
        "opt_out_days",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opt_outs", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_opt_out_days_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shop_id", "day", name=op.f("pk_opt_out_days")),
    )
    op.execute(COUNT_THOSE_BEFORE)


def downgrade() -> None:
    op.drop_table("opt_out_days")
    create_index_online("ix_consent_events_shop_id_change_at", "consent_events", ["shop_id", "change", "at"])
