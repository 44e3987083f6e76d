"""The oldest unanswered doorbell is found by index, however many items there are."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.create_index(
            "ix_plaid_integrations_unanswered",
            "plaid_integrations",
            ["rung_at"],
            postgresql_where=sa.text("requested_seq > processed_seq"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_plaid_integrations_unanswered", table_name="plaid_integrations")
