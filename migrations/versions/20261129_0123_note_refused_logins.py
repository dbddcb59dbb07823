"""Notes of a RingCentral user that none of its JWTs is accepted any more, so that nobody goes on trying them."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_0123"
down_revision = "20261129_0122"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("provider_users", sa.Column("login_refused_code", sa.Text()))


def downgrade() -> None:
    op.drop_column("provider_users", "login_refused_code")
