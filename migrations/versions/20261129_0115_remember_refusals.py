"""Remembers what people said no to by their e-mail address and phone, and a no to texts in their name.

What was said before is taken over: texts from the newest word of each phone in the consent events, e-mails from the
accounts, and texts in somebody's name from the accounts whose owner declined and has not joined since.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_0115"
down_revision = "20261129_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connect_accounts", sa.Column("refused_alerts_at", sa.DateTime(timezone=True)))
    op.create_table(
        "connect_refusals",
        sa.Column("shop_id", sa.BigInteger(), sa.ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("person_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("what", sa.Text(), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("""
        INSERT INTO connect_refusals (shop_id, person_hash, what, since)
        SELECT shop_id, phone_hash, 'sms', at FROM (
            SELECT DISTINCT ON (shop_id, phone_hash) shop_id, phone_hash, change, at FROM consent_events
            WHERE source = 'connect_page' AND change IN ('account_texts_refused', 'account_texts_wished')
            ORDER BY shop_id, phone_hash, seq DESC) AS said
        WHERE change = 'account_texts_refused'
    """)
    op.execute("""
        UPDATE connect_accounts SET refused_alerts_at = refused_email_at, alerts_enabled = false
        WHERE refused_sms_at IS NOT NULL AND refused_email_at IS NOT NULL AND joined_at IS NULL
    """)
    for what in ("sms", "email", "alerts"):
        for person in ("email_hash", "phone_hash"):
            _take_over(what, person)


def _take_over(what: str, person: str) -> None:
    """From the newest account of each person; somebody who joined with a yes afterwards has thought better of it."""
    refused = f"refused_{what}_at"
    op.execute(f"""
        INSERT INTO connect_refusals (shop_id, person_hash, what, since)
        SELECT shop_id, {person}, '{what}', {refused} FROM (
            SELECT DISTINCT ON (shop_id, {person}) shop_id, {person}, {refused} FROM connect_accounts
            WHERE {person} IS NOT NULL AND (joined_at IS NOT NULL OR {refused} IS NOT NULL)
            ORDER BY shop_id, {person}, id DESC) AS said
        WHERE {refused} IS NOT NULL
        ON CONFLICT DO NOTHING
    """)  # noqa: S608  # names of columns, all written above


def downgrade() -> None:
    op.drop_table("connect_refusals")
    op.drop_column("connect_accounts", "refused_alerts_at")
