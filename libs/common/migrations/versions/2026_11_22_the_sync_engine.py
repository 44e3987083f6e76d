"""Notifications, audits, the health of institutions, Plaid's budget, and retries of quarantined transactions."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = (
    "initial_complete", "history_complete", "login_required", "expiring", "revoked", "account_revoked", "repaired",
    "new_accounts", "institution_down",
)  # fmt: skip


def upgrade() -> None:
    _integrations()
    _quarantine()
    _notifications()
    _institution_health()
    _audits()
    _budget()


def _moment(name: str, *, nullable: bool = True, default: str | None = None) -> sa.Column[Any]:
    default_text = sa.text(default) if default else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default_text)


def _integrations() -> None:
    op.add_column("plaid_integrations", _moment("login_checked_at"))
    op.add_column(
        "plaid_integrations",
        _moment("next_audit_at", nullable=False, default="now() + interval '7 days'"),
    )
    op.create_index(
        "ix_plaid_integrations_audit_due",
        "plaid_integrations",
        ["next_audit_at"],
        postgresql_where=sa.text("status = 'active'"),
    )
    op.add_column("plaid_accounts", _moment("revoked_at"))
    op.alter_column("plaid_accounts", "is_active", comment="false once Plaid names it no more")


def _quarantine() -> None:
    op.add_column("quarantined_transactions", sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"))
    op.add_column(
        "quarantined_transactions", _moment("next_retry_at", nullable=False, default="now() + interval '1 hour'")
    )
    op.create_index(
        "ix_quarantined_transactions_due",
        "quarantined_transactions",
        ["next_retry_at"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("integration_id", sa.Integer(), sa.ForeignKey("plaid_integrations.id"), nullable=False),
        sa.Column(
            "account_id", sa.Integer(), sa.ForeignKey("plaid_accounts.id"), comment="when it is about one account"
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        _moment("due_at"),
        _moment("created_at", nullable=False, default="now()"),
        _moment("cleared_at"),
        sa.Column("read_at", sa.DateTime(timezone=True), comment="link_api's: the user has seen it"),
        sa.CheckConstraint(f"kind IN {KINDS!r}", name=op.f("ck_notifications_kind")),
    )
    op.create_index(op.f("ix_notifications_user_id_id"), "notifications", ["user_id", "id"])
    op.create_index(
        "uq_notifications_standing",
        "notifications",
        ["integration_id", "kind", sa.text("coalesce(account_id, 0)")],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )


def _institution_health() -> None:
    op.create_table(
        "institution_health",
        sa.Column("institution_id", sa.String(255), primary_key=True),
        sa.Column(
            "failures", sa.Integer(), nullable=False, comment="how often in a row it was left alone: each time longer"
        ),
        sa.Column(
            "items",
            postgresql.ARRAY(sa.Integer()),
            nullable=False,
            comment="our ids of the items that it failed since it last worked",
        ),
        sa.Column("error_code", sa.Text(), nullable=False),
        _moment("failing_since", nullable=False),
        sa.Column(
            "open_until",
            sa.DateTime(timezone=True),
            comment="until then no sync begins; null: not failing often enough",
        ),
        sa.Column("probe_until", sa.DateTime(timezone=True), comment="until then one item's sync is the probe"),
    )


def _audits() -> None:
    op.create_table(
        "audits",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("integration_id", sa.Integer(), sa.ForeignKey("plaid_integrations.id"), nullable=False),
        sa.Column("heal", sa.Boolean(), nullable=False),
        _moment("requested_at", nullable=False, default="now()"),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
            comment="when a sweep asks for it, again if it was begun and never finished",
        ),
        sa.Column("begun_at", sa.DateTime(timezone=True), comment="null: in nobody's hand"),
        sa.Column("begun_by", sa.Uuid(), comment="the worker in whose hand it is"),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="how often it was begun and came to no end",
        ),
        _moment("finished_at"),
        sa.Column("compared", sa.Integer(), comment="transactions that both sides could be asked about"),
        sa.Column("missing", sa.Integer(), comment="Plaid has it, we do not"),
        sa.Column("extra", sa.Integer(), comment="we have it, Plaid does not"),
        sa.Column("different", sa.Integer()),
        sa.Column("quarantined", sa.Integer(), comment="Plaid has it, it waits in quarantine"),
        sa.Column("sample", postgresql.JSONB(), comment="some of them: transaction_id, what is wrong"),
        sa.Column("error_code", sa.Text(), comment="why it could not be done"),
    )
    op.create_index(op.f("ix_audits_integration_id_id"), "audits", ["integration_id", "id"])
    op.create_index(
        "uq_audits_standing", "audits", ["integration_id"], unique=True, postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_index("ix_audits_due", "audits", ["due_at"], postgresql_where=sa.text("finished_at IS NULL"))
    op.create_index(op.f("ix_audits_finished_at"), "audits", ["finished_at"])


def _budget() -> None:
    op.create_table(
        "rate_buckets",
        sa.Column("key", sa.Text(), primary_key=True, comment="endpoint, window, and whose calls are counted"),
        _moment("empty_at", nullable=False),
        sa.Column(
            "slowdown", sa.Float(), nullable=False, server_default="1", comment="factor on the pause between two calls"
        ),
        _moment("slowed_at"),
        prefixes=["UNLOGGED"],
        comment="the last minutes only: a crash may empty it",
    )
    op.create_table(
        "plaid_api_usage",
        sa.Column("endpoint", sa.Text(), primary_key=True),
        sa.Column("minute", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("calls", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("put_off", sa.Integer(), nullable=False, server_default="0", comment="not made, for want of budget"),
        sa.Column("limited", sa.Integer(), nullable=False, server_default="0", comment="answered with 429"),
        sa.Column("failed", sa.Integer(), nullable=False, server_default="0", comment="ended in any other error"),
    )
