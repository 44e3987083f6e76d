"""Which items ring and are not ours."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orphan_items",
        sa.Column("item_id", sa.Text(), primary_key=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("webhooks", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("webhook_type", sa.Text(), nullable=False, comment="of the last one, as webhook_code"),
        sa.Column("webhook_code", sa.Text(), nullable=False),
        comment="items that ring and that no integration has: Plaid bills them still",
    )
