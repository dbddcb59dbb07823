"""Adds Connect: accounts, API keys, orders, notices, webhooks to organisations, attribution and imports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0720"
down_revision = "20261122_0700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_api_keys_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index("ix_api_keys_shop_id", "api_keys", ["shop_id"], unique=False)
    op.create_table(
        "connect_accounts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("connect_id", sa.Text(), nullable=True),
        sa.Column("name_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("email_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(), nullable=True),
        sa.Column("alerts_enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notify_by_sms", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notify_by_email", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("import_history", sa.Text(), server_default="unset", nullable=False),
        sa.Column("import_history_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_accounts_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_accounts")),
    )
    op.create_index("ix_connect_accounts_email_hash", "connect_accounts", ["shop_id", "email_hash"], unique=False)
    op.create_index("ix_connect_accounts_phone_hash", "connect_accounts", ["shop_id", "phone_hash"], unique=False)
    op.create_index("ix_connect_accounts_shop_id_id", "connect_accounts", ["shop_id", "id"], unique=False)
    op.create_index(
        "uq_connect_accounts_connect_id",
        "connect_accounts",
        ["shop_id", "connect_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "connect_imports",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_imports_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_imports")),
    )
    op.create_index("ix_connect_imports_shop_id_id", "connect_imports", ["shop_id", "id"], unique=False)
    op.create_table(
        "connect_profiles",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(), nullable=True),
        sa.Column("consent_state", sa.Text(), nullable=True),
        sa.Column("consent_collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_source", sa.Text(), nullable=True),
        sa.Column("consent_wording_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("consent_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_profiles_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_profiles")),
        sa.UniqueConstraint("shop_id", "phone_hash", name=op.f("uq_connect_profiles_shop_id_phone_hash")),
    )
    op.create_index(
        "uq_connect_profiles_email",
        "connect_profiles",
        ["shop_id", "email_hash"],
        unique=True,
        postgresql_where=sa.text("phone_hash IS NULL AND email_hash IS NOT NULL"),
    )
    op.create_table(
        "connect_webhook_endpoints",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_webhook_endpoints_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_webhook_endpoints")),
    )
    op.create_index("ix_connect_webhook_endpoints_shop_id", "connect_webhook_endpoints", ["shop_id"], unique=False)
    op.create_table(
        "api_answers",
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_api_answers_api_key_id_api_keys"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("api_key_id", "idempotency_key", name=op.f("pk_api_answers")),
    )
    op.create_index("ix_api_answers_created_at", "api_answers", ["created_at"], unique=False)
    op.create_table(
        "api_requests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_api_requests_api_key_id_api_keys"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_api_requests_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_requests")),
    )
    op.create_index("ix_api_requests_at", "api_requests", ["at"], unique=False)
    op.create_index("ix_api_requests_shop_id_id", "api_requests", ["shop_id", "id"], unique=False)
    op.create_table(
        "connect_attributions",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("shopify_order_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("order_name", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_attributions_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_attributions_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shop_id", "shopify_order_id", name=op.f("pk_connect_attributions")),
    )
    op.create_index("ix_connect_attributions_account_id", "connect_attributions", ["account_id"], unique=False)
    op.create_table(
        "connect_notices",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("broadcast_id", sa.BigInteger(), nullable=True),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("dont_mark_as_open", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("favorited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_notices_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_notices_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_notices")),
    )
    op.create_index("ix_connect_notices_account_id_id", "connect_notices", ["account_id", "id"], unique=False)
    op.create_index("ix_connect_notices_shop_id_id", "connect_notices", ["shop_id", "id"], unique=False)
    op.create_table(
        "connect_orders",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=True),
        sa.Column("reference_id", sa.Text(), nullable=True),
        sa.Column("shopify_order_id", sa.Text(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("description_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoiced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invoiced_source", sa.Text(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_source", sa.Text(), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_source", sa.Text(), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunded_source", sa.Text(), nullable=True),
        sa.Column("shipping_link", sa.Text(), nullable=True),
        sa.Column("shipping_state", sa.Text(), nullable=True),
        sa.Column("shipping_source", sa.Text(), nullable=True),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("total_currency", sa.Text(), nullable=False),
        sa.Column("profile_name_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("profile_email_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("profile_phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(), nullable=True),
        sa.Column("address_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("metadata_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("dont_trigger_auto_actions", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_orders_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["connect_profiles.id"],
            name=op.f("fk_connect_orders_profile_id_connect_profiles"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_orders_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_orders")),
    )
    op.create_index("ix_connect_orders_account_id_id", "connect_orders", ["account_id", "id"], unique=False)
    op.create_index("ix_connect_orders_phone_hash", "connect_orders", ["shop_id", "phone_hash"], unique=False)
    op.create_index("ix_connect_orders_profile_id", "connect_orders", ["profile_id"], unique=False)
    op.create_index("ix_connect_orders_reference_id", "connect_orders", ["shop_id", "reference_id"], unique=False)
    op.create_index("ix_connect_orders_shop_id_id", "connect_orders", ["shop_id", "id"], unique=False)
    op.create_index(
        "uq_connect_orders_shopify_order_id",
        "connect_orders",
        ["shop_id", "shopify_order_id"],
        unique=True,
        postgresql_where=sa.text("shopify_order_id IS NOT NULL"),
    )
    op.create_table(
        "connect_rules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("pattern", sa.Text(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_rules_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_rules_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_rules")),
    )
    op.create_index("ix_connect_rules_shop_id_position", "connect_rules", ["shop_id", "position"], unique=False)
    op.create_table(
        "connect_templates",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connect_accounts.id"],
            name=op.f("fk_connect_templates_account_id_connect_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", "locale", name=op.f("pk_connect_templates")),
    )
    op.create_table(
        "connect_webhook_calls",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("log", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replay_of", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["connect_webhook_endpoints.id"],
            name=op.f("fk_connect_webhook_calls_endpoint_id_connect_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_connect_webhook_calls_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_webhook_calls")),
    )
    op.create_index(
        "ix_connect_webhook_calls_due",
        "connect_webhook_calls",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_connect_webhook_calls_shop_id_id", "connect_webhook_calls", ["shop_id", "id"], unique=False)
    op.create_table(
        "connect_order_lines",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("each_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("each_price_currency", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["connect_orders.id"],
            name=op.f("fk_connect_order_lines_order_id_connect_orders"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_connect_order_lines")),
    )
    op.add_column("senders", sa.Column("account_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_senders_account_id",
        "senders",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_senders_account_id", table_name="senders", postgresql_where=sa.text("account_id IS NOT NULL"))
    op.drop_column("senders", "account_id")
    op.drop_table("connect_order_lines")
    op.drop_index("ix_connect_webhook_calls_shop_id_id", table_name="connect_webhook_calls")
    op.drop_index(
        "ix_connect_webhook_calls_due",
        table_name="connect_webhook_calls",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_table("connect_webhook_calls")
    op.drop_table("connect_templates")
    op.drop_index("ix_connect_rules_shop_id_position", table_name="connect_rules")
    op.drop_table("connect_rules")
    op.drop_index(
        "uq_connect_orders_shopify_order_id",
        table_name="connect_orders",
        postgresql_where=sa.text("shopify_order_id IS NOT NULL"),
    )
    op.drop_index("ix_connect_orders_shop_id_id", table_name="connect_orders")
    op.drop_index("ix_connect_orders_reference_id", table_name="connect_orders")
    op.drop_index("ix_connect_orders_profile_id", table_name="connect_orders")
    op.drop_index("ix_connect_orders_phone_hash", table_name="connect_orders")
    op.drop_index("ix_connect_orders_account_id_id", table_name="connect_orders")
    op.drop_table("connect_orders")
    op.drop_index("ix_connect_notices_shop_id_id", table_name="connect_notices")
    op.drop_index("ix_connect_notices_account_id_id", table_name="connect_notices")
    op.drop_table("connect_notices")
    op.drop_index("ix_connect_attributions_account_id", table_name="connect_attributions")
    op.drop_table("connect_attributions")
    op.drop_index("ix_api_requests_shop_id_id", table_name="api_requests")
    op.drop_index("ix_api_requests_at", table_name="api_requests")
    op.drop_table("api_requests")
    op.drop_index("ix_api_answers_created_at", table_name="api_answers")
    op.drop_table("api_answers")
    op.drop_index("ix_connect_webhook_endpoints_shop_id", table_name="connect_webhook_endpoints")
    op.drop_table("connect_webhook_endpoints")
    op.drop_index(
        "uq_connect_profiles_email",
        table_name="connect_profiles",
        postgresql_where=sa.text("phone_hash IS NULL AND email_hash IS NOT NULL"),
    )
    op.drop_table("connect_profiles")
    op.drop_index("ix_connect_imports_shop_id_id", table_name="connect_imports")
    op.drop_table("connect_imports")
    op.drop_index(
        "uq_connect_accounts_connect_id", table_name="connect_accounts", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index("ix_connect_accounts_shop_id_id", table_name="connect_accounts")
    op.drop_index("ix_connect_accounts_phone_hash", table_name="connect_accounts")
    op.drop_index("ix_connect_accounts_email_hash", table_name="connect_accounts")
    op.drop_table("connect_accounts")
    op.drop_index("ix_api_keys_shop_id", table_name="api_keys")
    op.drop_table("api_keys")
