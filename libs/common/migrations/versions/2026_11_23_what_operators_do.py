"""Items that an operator paused, and what operators changed by their command, never to be rewritten."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEEP = """
    CREATE FUNCTION keep_ops_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.outcome IS NULL AND to_jsonb(NEW) - 'outcome' = to_jsonb(OLD) - 'outcome' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'ops_audit keeps what was done: % is not allowed', TG_OP;
    END $$
"""
GUARD = """
    CREATE TRIGGER keep_ops_audit BEFORE UPDATE OR DELETE ON ops_audit
    FOR EACH ROW EXECUTE FUNCTION keep_ops_audit()
"""
GUARD_ALL = """
    CREATE TRIGGER keep_all_ops_audit BEFORE TRUNCATE ON ops_audit
    FOR EACH STATEMENT EXECUTE FUNCTION keep_ops_audit()
"""


def upgrade() -> None:
    paused = "an operator's: since then no sync begins; doorbells count on"
    op.add_column("plaid_integrations", sa.Column("paused_at", sa.DateTime(timezone=True), comment=paused))
    op.create_table(
        "ops_audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("operator", sa.Text(), nullable=False, comment="who they say they are"),
        sa.Column("command", sa.Text(), nullable=False, comment="its words, without what was given to it"),
        sa.Column("arguments", JSONB(), nullable=False, server_default="{}", comment="ids, filters and switches"),
        sa.Column("subject", sa.Text(), comment="what was changed: a kind and an id; null: many things"),
        sa.Column("outcome", sa.Text(), comment="null: begun, and not ended yet or broken off"),
        comment="what operators changed; a trigger lets nobody rewrite it, and an outcome be told once",
    )
    op.create_index(op.f("ix_ops_audit_at"), "ops_audit", ["at"])
    op.create_index(op.f("ix_ops_audit_subject_at"), "ops_audit", ["subject", "at"])
    for statement in (KEEP, GUARD, GUARD_ALL):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("ops_audit")
    op.execute("DROP FUNCTION keep_ops_audit()")
    op.drop_column("plaid_integrations", "paused_at")
