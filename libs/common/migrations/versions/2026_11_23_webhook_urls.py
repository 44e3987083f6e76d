"""Where Plaid posts an item's webhooks, as far as an operator told it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = "where Plaid was told last to post its webhooks; null: as the link said. Written by ops"
    op.add_column("plaid_integrations", sa.Column("webhook_url", sa.Text(), comment=told))


def downgrade() -> None:
    op.drop_column("plaid_integrations", "webhook_url")
