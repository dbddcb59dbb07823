"""Whether a phone is a customer of a connected account, or was texted from its number, told by an index alone.

Without, every text ever sent to a phone is read for each of its replies.
"""

from app.core.online_index import create_index_online, drop_index_online

revision = "20261129_0122"
down_revision = "20261129_0121"
branch_labels = None
depends_on = None

MESSAGES, ORDERS = "ix_messages_shop_id_phone_hash", "ix_connect_orders_phone_hash"


def upgrade() -> None:
    create_index_online(f"{MESSAGES}_sender_id", "messages", ["shop_id", "phone_hash", "sender_id"])
    create_index_online(f"{ORDERS}_account_id", "connect_orders", ["shop_id", "phone_hash", "account_id"])
    drop_index_online(MESSAGES, "messages")
    drop_index_online(ORDERS, "connect_orders")


def downgrade() -> None:
    create_index_online(MESSAGES, "messages", ["shop_id", "phone_hash"])
    create_index_online(ORDERS, "connect_orders", ["shop_id", "phone_hash"])
    drop_index_online(f"{MESSAGES}_sender_id", "messages")
    drop_index_online(f"{ORDERS}_account_id", "connect_orders")
