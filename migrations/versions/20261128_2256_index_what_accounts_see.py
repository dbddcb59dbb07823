"""Finds the replies, orders and customers of one connected account without reading all of the shop's."""

from alembic import op

from app.core.online_index import create_index_online

revision = "20261128_2256"
down_revision = "20261128_2250"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_online("ix_inbound_messages_sender_id_id", "inbound_messages", ["sender_id", "id"])
    create_index_online("ix_connect_orders_account_id_created_at", "connect_orders", ["account_id", "created_at"])
    create_index_online(
        "ix_connect_orders_customers",
        "connect_orders",
        ["shop_id", "account_id", "profile_id", "id"],
        where="deleted_at IS NULL AND profile_id IS NOT NULL",
    )
    create_index_online("ix_connect_attributions_account_id_at", "connect_attributions", ["account_id", "at"])
    op.drop_index("ix_connect_attributions_account_id", table_name="connect_attributions")


def downgrade() -> None:
    create_index_online("ix_connect_attributions_account_id", "connect_attributions", ["account_id"])
    op.drop_index("ix_connect_attributions_account_id_at", table_name="connect_attributions")
    op.drop_index("ix_connect_orders_customers", table_name="connect_orders")
    op.drop_index("ix_connect_orders_account_id_created_at", table_name="connect_orders")
    op.drop_index("ix_inbound_messages_sender_id_id", table_name="inbound_messages")
