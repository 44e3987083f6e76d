"""What the report on health counts is found by index: connections by status, and the syncs and calls of a day."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_plaid_integrations_status"), "plaid_integrations", ["status"])
    op.create_index(
        op.f("ix_plaid_sync_history_created_at"),
        "plaid_sync_history",
        ["created_at"],
        postgresql_include=["integration_id", "success", "sync_duration"],
    )
    op.create_index(op.f("ix_plaid_api_usage_minute"), "plaid_api_usage", ["minute"])


def downgrade() -> None:
    op.drop_index(op.f("ix_plaid_api_usage_minute"), table_name="plaid_api_usage")
    op.drop_index(op.f("ix_plaid_sync_history_created_at"), table_name="plaid_sync_history")
    op.drop_index(op.f("ix_plaid_integrations_status"), table_name="plaid_integrations")
