"""What users say: an expense is looked through, and how they like it all; and what else an expense could have been."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OPEN = "needs_review AND user_category_id IS NULL AND reviewed_at IS NULL AND withdrawn_at IS NULL"


def upgrade() -> None:
    op.add_column("expenses", sa.Column("reviewed_at", sa.DateTime(timezone=True)))
    op.add_column(
        "expenses",
        sa.Column(
            "alternatives",
            ARRAY(sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="categories that came next, likeliest first",
        ),
    )
    op.create_index(
        "ix_expenses_open_questions",
        "expenses",
        ["user_id", "expense_date", "id"],
        postgresql_where=sa.text(OPEN),
    )
    op.create_table(
        "feedback",
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
        sa.Column("rating", sa.SmallInteger(), comment="1 to 5; null: asked, and would not say"),
        sa.Column("comment", sa.Text()),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    )


def downgrade() -> None:
    op.drop_table("feedback")
    op.drop_index("ix_expenses_open_questions", table_name="expenses")
    op.drop_column("expenses", "alternatives")
    op.drop_column("expenses", "reviewed_at")
