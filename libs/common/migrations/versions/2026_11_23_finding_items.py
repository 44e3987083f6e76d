"""Items are found by bank, by how long they are silent, and where they are paused, however many there are."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.create_index(
            op.f("ix_plaid_integrations_institution_id"),
            "plaid_integrations",
            ["institution_id"],
            postgresql_concurrently=True,
        )
        op.create_index(
            "ix_plaid_integrations_silent",
            "plaid_integrations",
            [sa.text("coalesce(last_sync_at, created_at)")],
            postgresql_where=sa.text("status = 'active' AND paused_at IS NULL"),
            postgresql_concurrently=True,
        )
        op.create_index(
            op.f("ix_plaid_integrations_paused_at"),
            "plaid_integrations",
            ["paused_at"],
            postgresql_where=sa.text("paused_at IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    for name in ("paused_at", "silent", "institution_id"):
        op.drop_index(f"ix_plaid_integrations_{name}", table_name="plaid_integrations")
