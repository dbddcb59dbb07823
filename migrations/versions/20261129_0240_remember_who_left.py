"""Takes over the no of those who left before noes were remembered: nobody but they themselves gives it back.

What each person did last on their Connect page counts, joining or declining or leaving, whichever account it was with.
An account that the shop removed was revoked by the shop, unless the audit says that its owner had left before.
"""

from alembic import op

revision = "20261129_0240"
down_revision = "20261129_0123"
branch_labels = None
depends_on = None

SAID = """
    CREATE TEMPORARY TABLE said ON COMMIT DROP AS
    SELECT DISTINCT ON (id) id, shop_id, email_hash, phone_hash, action, at FROM (
        SELECT account.id, account.shop_id, email_hash, phone_hash, event.action, event.at
        FROM connect_accounts account
        JOIN shops ON shops.id = account.shop_id
        JOIN audit_events event ON event.shop_domain = shops.domain AND event.actor = 'account:' || account.id
        WHERE event.action IN ('account_joined', 'account_declined', 'account_revoked')
        UNION ALL
        SELECT id, shop_id, email_hash, phone_hash, 'account_revoked', revoked_at FROM connect_accounts
        WHERE revoked_at IS NOT NULL AND deleted_at IS NULL
    ) AS word ORDER BY id, at DESC
"""
REMEMBER = """
    INSERT INTO connect_refusals (shop_id, person_hash, what, since)
    SELECT shop_id, person_hash, 'alerts', at FROM (
        SELECT DISTINCT ON (shop_id, person_hash) shop_id, person_hash, action, at
        FROM said, unnest(ARRAY[email_hash, phone_hash]) AS person_hash
        WHERE person_hash IS NOT NULL
        ORDER BY shop_id, person_hash, at DESC) AS last
    WHERE action = 'account_revoked'
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute(SAID)
    op.execute("""
        UPDATE connect_accounts SET refused_alerts_at = said.at, alerts_enabled = false FROM said
        WHERE said.id = connect_accounts.id AND said.action = 'account_revoked' AND refused_alerts_at IS NULL
    """)
    op.execute(REMEMBER)
    op.execute("""
        UPDATE connect_accounts account SET refused_alerts_at = since, alerts_enabled = false FROM connect_refusals no
        WHERE no.shop_id = account.shop_id AND no.what = 'alerts'
          AND no.person_hash IN (account.email_hash, account.phone_hash)
          AND account.joined_at IS NULL AND account.deleted_at IS NULL AND account.refused_alerts_at IS NULL
    """)


def downgrade() -> None:
    """Nothing was made that would have to go."""
