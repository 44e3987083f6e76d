"""Users' category rules, and which of them decided an expense."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="from 1, without gaps; the first that matches decides"
        ),
        sa.Column("category", sa.Text(), sa.ForeignKey("expense_categories.slug"), nullable=False),
        sa.Column("contains", sa.Text(), comment="within description or merchant"),
        sa.Column("equals", sa.Text(), comment="the whole description or merchant"),
        sa.Column("min_amount", sa.Numeric(), comment="without a sign, included, as max_amount"),
        sa.Column("max_amount", sa.Numeric()),
        sa.Column("currency", sa.Text(), comment="ISO or unofficial"),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("plaid_accounts.id")),
        sa.Column("money", sa.Text(), comment="in | out"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("money IN ('in', 'out')", name="money"),
        sa.CheckConstraint(
            "currency IS NOT NULL OR num_nonnulls(min_amount, max_amount) = 0", name="amounts_have_a_currency"
        ),
        sa.UniqueConstraint("user_id", "position", deferrable=True, initially="DEFERRED"),
    )
    op.add_column(
        "expenses",
        sa.Column("rule_id", sa.BigInteger(), comment="the user's rule that decided; it may be deleted since"),
    )
    op.alter_column(
        "plaid_transactions",
        "decided_version",
        existing_type=sa.BigInteger(),
        existing_nullable=False,
        existing_server_default=sa.text("0"),
        comment="link_api sets it back to 0 where a rule shall be applied",
    )


def downgrade() -> None:
    op.alter_column("plaid_transactions", "decided_version", existing_type=sa.BigInteger(), comment=None)
    op.drop_column("expenses", "rule_id")
    op.drop_table("category_rules")
