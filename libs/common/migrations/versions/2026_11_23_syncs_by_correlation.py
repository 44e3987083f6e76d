"""A sync is found by the correlation id of a line of the log."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.create_index(
            op.f("ix_plaid_sync_history_correlation_id"),
            "plaid_sync_history",
            ["correlation_id"],
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_plaid_sync_history_correlation_id"), table_name="plaid_sync_history")
