"""Which institutions are being fetched, or were in vain: claims that run out by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "institution_fetches",
        sa.Column("institution_id", sa.Text(), primary_key=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        comment="institutions that are being asked for, or could not be had: not again before then",
    )
