"""The other transactions that an expense depends on: the other half of a transfer, the purchase that was refunded."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    other_half = "the other half of a transfer between the user's own accounts"
    op.add_column("plaid_transactions", sa.Column("counterpart_id", sa.BigInteger(), comment=other_half))
    purchase = "the purchase that this money gave back"
    op.add_column("plaid_transactions", sa.Column("purchase_id", sa.BigInteger(), comment=purchase))


def downgrade() -> None:
    op.drop_column("plaid_transactions", "purchase_id")
    op.drop_column("plaid_transactions", "counterpart_id")
