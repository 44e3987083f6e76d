"""An event that waits in the outbox keeps the trace that it belongs to; a sync tells when its oldest doorbell rang."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("traceparent", sa.Text(), comment="W3C trace context, where traces are taken"))
    rang = "when the oldest doorbell rang that the sync answers"
    op.add_column("plaid_sync_history", sa.Column("rung_at", sa.DateTime(timezone=True), comment=rang))


def downgrade() -> None:
    op.drop_column("plaid_sync_history", "rung_at")
    op.drop_column("outbox", "traceparent")
