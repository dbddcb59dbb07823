"""Finds the texts of one number: an affiliate's page shows its own among a shop's millions."""

from alembic import op

from app.core.online_index import create_index_online

revision = "20261128_2250"
down_revision = "20261128_2245"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_online("ix_messages_sender_id_id", "messages", ["sender_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_messages_sender_id_id", table_name="messages")
