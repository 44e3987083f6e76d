"""Which merchant an expense is of, what its user answered about it and when, and how a change of many is undone.

Memory is read from these rows, so that it is never behind them: there is no other copy of an answer.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ANSWERED = sa.text("answered_at IS NOT NULL")


def upgrade() -> None:
    merchant = "the merchant's words, as memory knows it; null: not read yet"
    op.add_column("expenses", sa.Column("merchant", sa.Text(), comment=merchant))
    op.add_column("expenses", sa.Column("merchant_entity_id", sa.Text(), comment="Plaid's id of the merchant"))
    confirmed = "the automatic category that its user confirmed; null: a question that was put away is no answer"
    slug = sa.ForeignKey("expense_categories.slug")
    op.add_column("expenses", sa.Column("reviewed_category", sa.Text(), slug, comment=confirmed))
    answered = "when its user last said what it is; null: never, or taken back"
    op.add_column("expenses", sa.Column("answered_at", sa.DateTime(timezone=True), comment=answered))
    op.execute("""
        UPDATE expenses SET
            reviewed_category = CASE
                WHEN reviewed_at IS NOT NULL AND user_category_id IS NULL AND NOT needs_review THEN auto_category END,
            answered_at = CASE
                WHEN user_category_id IS NOT NULL OR NOT needs_review THEN coalesce(reviewed_at, updated_at) END
        WHERE user_category_id IS NOT NULL OR reviewed_at IS NOT NULL
    """)
    for name, column in (("ix_expenses_answers", "merchant"), ("ix_expenses_entity_answers", "merchant_entity_id")):
        op.create_index(name, "expenses", ["user_id", column, "answered_at"], postgresql_where=ANSWERED)
    op.create_index("ix_expenses_unnamed", "expenses", ["id"], postgresql_where=sa.text("merchant IS NULL"))
    op.create_table(
        "recategorisations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("category", sa.Text(), sa.ForeignKey("expense_categories.slug"), comment="null: the automatic one"),
        sa.Column("expense_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("former_categories", ARRAY(sa.Text()), nullable=False, comment="of users; null: the automatic one"),
        sa.Column("former_answered_at", ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
    )
    op.create_index(op.f("ix_recategorisations_created_at"), "recategorisations", ["created_at"])


def downgrade() -> None:
    op.drop_table("recategorisations")
    for name in ("ix_expenses_unnamed", "ix_expenses_entity_answers", "ix_expenses_answers"):
        op.drop_index(name, table_name="expenses")
    for column in ("answered_at", "reviewed_category", "merchant_entity_id", "merchant"):
        op.drop_column("expenses", column)
