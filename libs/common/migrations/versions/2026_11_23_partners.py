"""The other transactions that an expense depends on: the other half of a transfer, the purchase that was refunded."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


MAY_BE_HALF = """sync_status = 'synced' AND NOT pending AND (
    pfc_primary IS NULL OR pfc_confidence IS NULL OR pfc_confidence NOT IN ('VERY_HIGH', 'HIGH', 'MEDIUM')
    OR pfc_primary IN ('TRANSFER_IN', 'TRANSFER_OUT', 'LOAN_PAYMENTS', 'LOAN_DISBURSEMENTS')
)"""


def upgrade() -> None:
    other_half = "the other half of a transfer between the user's own accounts"
    op.add_column("plaid_transactions", sa.Column("counterpart_id", sa.BigInteger(), comment=other_half))
    purchase = "the purchase that this money gave back"
    op.add_column("plaid_transactions", sa.Column("purchase_id", sa.BigInteger(), comment=purchase))
    for column in ("counterpart_id", "purchase_id"):
        op.create_index(
            op.f(f"ix_plaid_transactions_{column}"),
            "plaid_transactions",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "ix_plaid_transactions_halves",
        "plaid_transactions",
        ["integration_id", sa.text("abs(amount)")],
        postgresql_where=sa.text(MAY_BE_HALF),
    )
    surest = sa.text("coalesce(merchant_entity_id, merchant)")
    op.create_index("ix_expenses_surest", "expenses", ["user_id", surest, sa.text("sign(amount)"), "expense_date"])


def downgrade() -> None:
    op.drop_index("ix_expenses_surest", table_name="expenses")
    for name in ("halves", "purchase_id", "counterpart_id"):
        op.drop_index(f"ix_plaid_transactions_{name}", table_name="plaid_transactions")
    op.drop_column("plaid_transactions", "purchase_id")
    op.drop_column("plaid_transactions", "counterpart_id")
