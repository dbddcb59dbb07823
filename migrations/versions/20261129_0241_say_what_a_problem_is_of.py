"""Says of a number's problem whether it is its own JWT's, another one of signing in, or the number's.

Of the problems of before nobody knows: each JWT is tried once more, and noted then if it is refused.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_0241"
down_revision = "20261129_0240"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("senders", sa.Column("problem_of", sa.Text()))
    op.execute("UPDATE provider_users SET login_refused_code = NULL WHERE login_refused_code IS NOT NULL")


def downgrade() -> None:
    op.drop_column("senders", "problem_of")
