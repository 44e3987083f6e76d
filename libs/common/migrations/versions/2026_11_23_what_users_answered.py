"""What a user answered about a merchant, and which merchant an expense is of."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merchant_memory",
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("merchant", sa.Text(), primary_key=True),
        sa.Column("money", sa.Text(), primary_key=True, comment="in | out"),
        sa.Column(
            "answers", sa.dialects.postgresql.ARRAY(sa.Text()), nullable=False, comment="categories, newest last"
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("money IN ('in', 'out')", name="money"),
    )
    op.add_column("expenses", sa.Column("merchant", sa.Text(), comment="the merchant's key, as memory knows it"))


def downgrade() -> None:
    op.drop_column("expenses", "merchant")
    op.drop_table("merchant_memory")
