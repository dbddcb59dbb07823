"""Chains consent events by hashes and guards them; adds drift, opt-in questions and the opt-out page's tables."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0700"
down_revision = "20261122_0640"
branch_labels = None
depends_on = None

NEW_TEXTS = ("wording", "confirmation", "provider_result")
NEW_BYTES = ("words_hash", "address_encrypted", "address_hash")
PROVEN = (
    *("seq", "shop_id", "phone_hash", "at", "recorded_at", "change", "source", "method", "words_hash", "address_hash"),
    *("wording", "rule", "matcher_version", "actor", "state_before", "state_after", "confirmation"),
    "covered_sender_id",
)

GUARD = """
CREATE FUNCTION guard_consent_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['phone_encrypted', 'words_encrypted', 'address_encrypted',
        'written_to_shopify_at', 'shopify_result', 'written_to_provider_at', 'provider_result'];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'consent events are evidence and cannot be emptied';
    ELSIF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - may_change IS DISTINCT FROM to_jsonb(NEW) - may_change THEN
            RAISE EXCEPTION 'consent event % is evidence and cannot be changed', OLD.id;
        END IF;
        RETURN NEW;
    ELSIF EXISTS (SELECT 1 FROM shops WHERE id = OLD.shop_id) THEN
        RAISE EXCEPTION 'consent event % is evidence and cannot be deleted', OLD.id;
    END IF;
    RETURN OLD;
END $$
"""
"""An event goes only together with its shop, which Shopify demands 48 hours after an uninstall."""


def upgrade() -> None:
    add_event_columns()
    op.create_table(
        "consent_chains",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        of_shop("consent_chains"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_consent_chains")),
    )
    chain_what_is_there()
    for name, type_ in (("seq", None), ("recorded_at", None), ("previous_hash", None), ("hash", None)):
        op.alter_column("consent_events", name, nullable=False, existing_type=type_)
    op.create_unique_constraint(op.f("uq_consent_events_shop_id_seq"), "consent_events", ["shop_id", "seq"])
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER guard_rows BEFORE UPDATE OR DELETE ON consent_events "
        "FOR EACH ROW EXECUTE FUNCTION guard_consent_events()"
    )
    op.execute(
        "CREATE TRIGGER guard_table BEFORE TRUNCATE ON consent_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_consent_events()"
    )
    op.add_column("suppressions", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("inbound_messages", sa.Column("passed_on_at", sa.DateTime(timezone=True), nullable=True))
    create_drifts()
    create_requests_and_policies()
    create_page_tables()


def downgrade() -> None:
    for table in (
        "public_requests",
        "opt_out_codes",
        "consent_policies",
        "opt_in_requests",
        "consent_drifts",
        "consent_chains",
    ):
        op.drop_table(table)
    op.drop_column("inbound_messages", "passed_on_at")
    op.drop_column("suppressions", "compared_at")
    op.execute("DROP TRIGGER guard_rows ON consent_events")
    op.execute("DROP TRIGGER guard_table ON consent_events")
    op.execute("DROP FUNCTION guard_consent_events()")
    added = ("seq", "recorded_at", *NEW_BYTES, *NEW_TEXTS, "covered_sender_id", "previous_hash", "hash")
    op.drop_constraint(op.f("uq_consent_events_shop_id_seq"), "consent_events")
    for name in added:
        op.drop_column("consent_events", name)


def add_event_columns() -> None:
    op.add_column("consent_events", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.add_column("consent_events", sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True))
    for name in NEW_BYTES:
        op.add_column("consent_events", sa.Column(name, sa.LargeBinary(), nullable=True))
    for name in NEW_TEXTS:
        op.add_column("consent_events", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("consent_events", sa.Column("covered_sender_id", sa.BigInteger(), nullable=True))
    for name in ("previous_hash", "hash"):
        op.add_column("consent_events", sa.Column(name, sa.LargeBinary(), nullable=True))


def chain_what_is_there() -> None:
    """Events from before the chain: their words are kept, but only from now on are they proven."""
    connection = op.get_bind()
    heads: dict[int, tuple[int, bytes]] = {}
    connection.execute(sa.text("UPDATE consent_events SET recorded_at = at"))
    for row in connection.execute(sa.text("SELECT * FROM consent_events ORDER BY shop_id, id")).mappings().all():
        seq, head = heads.get(row["shop_id"], (0, b"\0" * 32))
        fields = {name: plain(row[name]) for name in PROVEN} | {"seq": seq + 1}
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        linked = hashlib.sha256(head + canonical.encode()).digest()
        connection.execute(
            sa.text("UPDATE consent_events SET seq = :seq, previous_hash = :head, hash = :hash WHERE id = :id"),
            {"seq": seq + 1, "head": head, "hash": linked, "id": row["id"]},
        )
        heads[row["shop_id"]] = (seq + 1, linked)
    for shop_id, (seq, head) in heads.items():
        connection.execute(
            sa.text("INSERT INTO consent_chains (shop_id, seq, head) VALUES (:shop_id, :seq, :head)"),
            {"shop_id": shop_id, "seq": seq, "head": head},
        )


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def create_drifts() -> None:
    op.create_table(
        "consent_drifts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        of_shop("consent_drifts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_drifts")),
    )
    op.create_index(
        "uq_consent_drifts_open",
        "consent_drifts",
        ["shop_id", "phone_hash", "kind", "sender_id"],
        unique=True,
        postgresql_where=sa.text("settled_at IS NULL"),
    )


def create_requests_and_policies() -> None:
    op.create_table(
        "opt_in_requests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wording", sa.Text(), nullable=False),
        of_shop("opt_in_requests"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_in_requests")),
        sa.UniqueConstraint("shop_id", "phone_hash", name=op.f("uq_opt_in_requests_shop_id_phone_hash")),
    )
    op.create_table(
        "consent_policies",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        of_shop("consent_policies"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_policies")),
    )
    op.create_index("ix_consent_policies_shop_id", "consent_policies", ["shop_id"], unique=False)


def create_page_tables() -> None:
    op.create_table(
        "opt_out_codes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        of_shop("opt_out_codes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out_codes")),
    )
    op.create_index("ix_opt_out_codes_shop_id_phone_hash", "opt_out_codes", ["shop_id", "phone_hash"], unique=False)
    op.create_table(
        "public_requests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        of_shop("public_requests"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_requests")),
    )
    op.create_index(
        "ix_public_requests_shop_id_address_hash", "public_requests", ["shop_id", "address_hash", "at"], unique=False
    )


def of_shop(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"
    )
