"""How Link sessions end, what Link told meanwhile, and which exchanges began."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OUTCOMES = ("linked", "repaired", "left", "failed")
CALLBACKS = ("onEvent", "onExit")


def upgrade() -> None:
    op.add_column(
        "link_sessions",
        sa.Column("state_hash", sa.LargeBinary(), comment="SHA-256 of what only the browser knows that began it"),
    )
    op.add_column("link_sessions", sa.Column("outcome", sa.Text(), comment="of its last end; null: none yet"))
    op.add_column("link_sessions", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(op.f("ck_link_sessions_outcome"), "link_sessions", f"outcome IN {OUTCOMES!r}")
    op.create_unique_constraint(op.f("uq_link_sessions_state_hash"), "link_sessions", ["state_hash"])
    op.create_index(
        op.f("ix_link_sessions_ended_at"),
        "link_sessions",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_table(
        "public_token_exchanges",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("public_token_hash", sa.LargeBinary(), nullable=False, unique=True, comment="SHA-256"),
        sa.Column("institution_id", sa.Text()),
        sa.Column("institution_name", sa.Text()),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default="1"),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column(
            "claimed_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="without an end by then its process died, and another may try",
        ),
        sa.Column("item_id", sa.Text(), comment="of the new item, where it could not be stored"),
        sa.Column(
            "integration_id",
            sa.Integer(),
            sa.ForeignKey("plaid_integrations.id"),
            comment="what came of it; null: an item may stand at Plaid that nobody holds",
        ),
    )
    op.create_index(op.f("ix_public_token_exchanges_begun_at"), "public_token_exchanges", ["begun_at"])
    op.create_table(
        "link_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("integration_id", sa.Integer(), sa.ForeignKey("plaid_integrations.id"), comment="of update mode"),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("event_name", sa.Text(), comment="of onEvent"),
        sa.Column("link_session_id", sa.Text(), comment="Plaid's"),
        sa.Column("request_id", sa.Text(), comment="what Plaid's support asks for"),
        sa.Column("institution_id", sa.Text()),
        sa.Column("institution_name", sa.Text()),
        sa.Column("view_name", sa.Text()),
        sa.Column("status", sa.Text(), comment="where the user was when they left"),
        sa.Column("error_type", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.Column("display_message", sa.Text()),
        sa.Column("occurred_at", sa.DateTime(timezone=True), comment="by the browser's clock"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint(f"callback IN {CALLBACKS!r}", name=op.f("ck_link_events_callback")),
    )
    op.create_index(op.f("ix_link_events_user_id_created_at"), "link_events", ["user_id", "created_at"])
    op.create_index(op.f("ix_link_events_created_at"), "link_events", ["created_at"])
    op.create_index(op.f("ix_link_events_link_session_id"), "link_events", ["link_session_id"])
