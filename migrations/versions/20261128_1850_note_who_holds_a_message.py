"""Notes which process holds a message, so that the texts of one RingCentral user leave from one process at a time."""

import sqlalchemy as sa
from alembic import op

from app.core.online_index import create_index_online

revision = "20261128_1850"
down_revision = "20261122_0740"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_online("ix_messages_held", "messages", ["sender_id"], where="state = 'sending'")
    op.add_column("messages", sa.Column("held_by", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_index("ix_messages_held", table_name="messages")
    op.drop_column("messages", "held_by")
