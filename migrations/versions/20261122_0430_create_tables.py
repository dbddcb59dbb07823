"""Creates all tables, and PgQueuer's."""

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.dialects import postgresql

revision = "20261122_0430"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    install_job_tables()
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_domain", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_shop_domain_at", "audit_events", ["shop_domain", "at"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=True),
        sa.Column("shop_domain", sa.Text(), nullable=False),
        sa.Column("provider_user_id", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_sealed", postgresql.BYTEA(), nullable=True),
        sa.Column("state", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("source", "webhook_id", name=op.f("uq_deliveries_source_webhook_id")),
    )
    op.create_index(
        "ix_deliveries_queued", "deliveries", ["queued_at"], unique=False, postgresql_where=sa.text("state = 1")
    )
    # Bodies come compressed and sealed: trying to compress them again would only cost time.
    op.execute("ALTER TABLE deliveries ALTER body_sealed SET STORAGE EXTERNAL")
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at"], unique=False)
    op.create_index(
        "ix_deliveries_stored", "deliveries", ["lane", "id"], unique=False, postgresql_where=sa.text("state = 0")
    )
    op.create_table(
        "oauth_states",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("shop_domain", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oauth_states")),
    )
    op.create_table(
        "provider_users",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("access_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", sa.Text(), server_default="", nullable=False),
        sa.Column("login_paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("call_limit", sa.BigInteger(), server_default="36", nullable=False),
        sa.Column("window_seconds", sa.BigInteger(), server_default="60", nullable=False),
        sa.Column("hook_key", sa.Text(), nullable=False),
        sa.Column("verification_token_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("subscription_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inbound_read_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_users")),
        sa.UniqueConstraint("hook_key", name=op.f("uq_provider_users_hook_key")),
        sa.UniqueConstraint(
            "provider", "client_id", "owner_id", name=op.f("uq_provider_users_provider_client_id_owner_id")
        ),
    )
    op.create_table(
        "recurring_turns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_recurring_turns")),
    )
    op.create_table(
        "shops",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="America/New_York", nullable=False),
        sa.Column("country", sa.Text(), server_default="US", nullable=False),
        sa.Column("currency", sa.Text(), server_default="USD", nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("access_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", sa.Text(), server_default="", nullable=False),
        sa.Column("needs_reauth", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("facts_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shops")),
        sa.UniqueConstraint("domain", name=op.f("uq_shops_domain")),
    )
    op.create_table(
        "vault_secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value_encrypted", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vault_secrets")),
    )
    op.create_table(
        "consent_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("words_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("matcher_version", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("state_after", sa.Text(), nullable=True),
        sa.Column("written_to_shopify_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shopify_result", sa.Text(), nullable=True),
        sa.Column("written_to_provider_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_consent_events_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_events")),
    )
    op.create_index("ix_consent_events_shop_id_phone_hash", "consent_events", ["shop_id", "phone_hash"], unique=False)
    op.create_table(
        "notification_switches",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_notification_switches_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shop_id", "kind", name=op.f("pk_notification_switches")),
    )
    op.create_table(
        "pace_slots",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("provider_user_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_user_id"],
            ["provider_users.id"],
            name=op.f("fk_pace_slots_provider_user_id_provider_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace_slots")),
    )
    op.create_index(
        "ix_pace_slots_provider_user_id_answered_at", "pace_slots", ["provider_user_id", "answered_at"], unique=False
    )
    op.create_table(
        "senders",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_user_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), server_default="ringcentral", nullable=False),
        sa.Column("transport", sa.Text(), server_default="sms", nullable=False),
        sa.Column("credentials_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="number_needed", nullable=False),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("provider_confirms_stop", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("numbers", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("former_numbers", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_user_id"], ["provider_users.id"], name=op.f("fk_senders_provider_user_id_provider_users")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_senders_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
    )
    op.create_index("ix_senders_phone_number", "senders", ["phone_number"], unique=False)
    op.create_index("ix_senders_provider_user_id", "senders", ["provider_user_id"], unique=False)
    op.create_index("ix_senders_shop_id", "senders", ["shop_id"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_suppressions_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("shop_id", "phone_hash", name=op.f("uq_suppressions_shop_id_phone_hash")),
    )
    op.create_table(
        "templates",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_templates_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop_id", "kind", "locale", name=op.f("pk_templates")),
    )
    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_message_id", sa.Text(), nullable=False),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["senders.id"], name=op.f("fk_inbound_messages_sender_id_senders"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_inbound_messages_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.UniqueConstraint(
            "sender_id", "provider_message_id", name=op.f("uq_inbound_messages_sender_id_provider_message_id")
        ),
    )
    op.create_index("ix_inbound_messages_shop_id_id", "inbound_messages", ["shop_id", "id"], unique=False)
    op.create_index(
        "ix_inbound_messages_shop_id_phone_hash", "inbound_messages", ["shop_id", "phone_hash"], unique=False
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("priority", sa.BigInteger(), server_default="5", nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("fulfillment_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("order_name", sa.Text(), nullable=True),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("sent_text_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("segments", sa.BigInteger(), nullable=True),
        sa.Column("checks", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("resends", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("provider_code", sa.Text(), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["senders.id"], name=op.f("fk_messages_sender_id_senders"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_messages_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("shop_id", "kind", "subject", name=op.f("uq_messages_shop_id_kind_subject")),
    )
    op.create_index(
        "ix_messages_due",
        "messages",
        ["sender_id", "priority", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_messages_follow_up",
        "messages",
        ["follow_up_at"],
        unique=False,
        postgresql_where=sa.text("follow_up_at IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_lease",
        "messages",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.create_index("ix_messages_provider_message_id", "messages", ["provider_message_id"], unique=False)
    op.create_index("ix_messages_shop_id_id", "messages", ["shop_id", "id"], unique=False)
    op.create_index("ix_messages_shop_id_phone_hash", "messages", ["shop_id", "phone_hash"], unique=False)
    op.create_table(
        "message_transitions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_transitions_message_id_messages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_transitions")),
    )
    op.create_index("ix_message_transitions_message_id", "message_transitions", ["message_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_message_transitions_message_id", table_name="message_transitions")
    op.drop_table("message_transitions")
    op.drop_index("ix_messages_shop_id_phone_hash", table_name="messages")
    op.drop_index("ix_messages_shop_id_id", table_name="messages")
    op.drop_index("ix_messages_provider_message_id", table_name="messages")
    op.drop_index(
        "ix_messages_lease", table_name="messages", postgresql_where=sa.text("state IN ('sending', 'unknown')")
    )
    op.drop_index("ix_messages_follow_up", table_name="messages", postgresql_where=sa.text("follow_up_at IS NOT NULL"))
    op.drop_index("ix_messages_due", table_name="messages", postgresql_where=sa.text("state = 'queued'"))
    op.drop_table("messages")
    op.drop_index("ix_inbound_messages_shop_id_phone_hash", table_name="inbound_messages")
    op.drop_index("ix_inbound_messages_shop_id_id", table_name="inbound_messages")
    op.drop_table("inbound_messages")
    op.drop_table("templates")
    op.drop_table("suppressions")
    op.drop_index("ix_senders_shop_id", table_name="senders")
    op.drop_index("ix_senders_provider_user_id", table_name="senders")
    op.drop_index("ix_senders_phone_number", table_name="senders")
    op.drop_table("senders")
    op.drop_index("ix_pace_slots_provider_user_id_answered_at", table_name="pace_slots")
    op.drop_table("pace_slots")
    op.drop_table("notification_switches")
    op.drop_index("ix_consent_events_shop_id_phone_hash", table_name="consent_events")
    op.drop_table("consent_events")
    op.drop_table("vault_secrets")
    op.drop_table("shops")
    op.drop_table("recurring_turns")
    op.drop_table("provider_users")
    op.drop_table("oauth_states")
    op.drop_index("ix_deliveries_stored", table_name="deliveries", postgresql_where=sa.text("state = 0"))
    op.drop_index("ix_deliveries_received_at", table_name="deliveries")
    op.drop_index("ix_deliveries_queued", table_name="deliveries", postgresql_where=sa.text("state = 1"))
    op.drop_table("deliveries")
    op.drop_index("ix_audit_events_shop_domain_at", table_name="audit_events")
    op.drop_table("audit_events")
    remove_job_tables()


def install_job_tables() -> None:
    """PgQueuer brings its own schema; its statements come as one script, which only the driver itself accepts."""
    script = QueryBuilderEnvironment().build_install_query()
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))


def remove_job_tables() -> None:
    script = QueryBuilderEnvironment().build_uninstall_query()
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
