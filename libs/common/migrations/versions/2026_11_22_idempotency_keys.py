"""Answers that are kept for a client that asks again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text(), primary_key=True, comment="the client's own"),
        sa.Column("operation", sa.Text(), nullable=False, comment="method and path"),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole request"),
        sa.Column("claim", sa.Uuid(), nullable=False, comment="the run whose answer it will be"),
        sa.Column(
            "claimed_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="without an answer by then it died, and another may run",
        ),
        sa.Column("answer", sa.Text(), comment="sealed: it may hold a link token"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
