"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expense_categories",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cora_group", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("schedule_c_line", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('business', 'personal', 'nonexpense')", name=op.f("ck_expense_categories_kind")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_expense_categories")),
    )
    op.create_table(
        "institutions",
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("oauth", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("primary_color", sa.Text(), nullable=True),
        sa.Column("logo", sa.Text(), nullable=True, comment="base64 PNG, as Plaid sends it"),
        sa.Column("fetched_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_institutions")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the message's id"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON, as it goes over the wire"),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["created_at"], unique=False, postgresql_where=sa.text("dead_at IS NULL")
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="the host application's user id"),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_table(
        "plaid_integrations",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.String(length=255), nullable=False),
        sa.Column("access_token", sa.Text(), nullable=True, comment="sealed; null once Plaid confirmed the removal"),
        sa.Column("institution_id", sa.String(length=255), nullable=True),
        sa.Column("institution_name", sa.String(length=255), nullable=True),
        sa.Column("days_requested", sa.SmallInteger(), nullable=False),
        sa.Column(
            "is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="false once disconnected"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column(
            "accounts_data",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Plaid's account objects as last seen",
        ),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("transactions_update_status", sa.Text(), server_default="NOT_READY", nullable=False),
        sa.Column("history_from", sa.Date(), nullable=True, comment="date of the oldest transaction"),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "last_sync_error",
            sa.Text(),
            nullable=True,
            comment="Plaid's error_code, or ours; cleared by a completed sync",
        ),
        sa.Column("last_sync_error_message", sa.Text(), nullable=True, comment="for people"),
        sa.Column("last_sync_error_request_id", sa.Text(), nullable=True),
        sa.Column("last_sync_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disconnects_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "requested_seq",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="doorbells rung; link_api rings too",
        ),
        sa.Column("processed_seq", sa.BigInteger(), server_default="0", nullable=False, comment="doorbells answered"),
        sa.Column("requested_trigger", sa.Text(), server_default="linked", nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_sync_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now() + interval '30 seconds'"),
            nullable=True,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'login_required', 'revoked', 'removing', 'disconnected')",
            name=op.f("ck_plaid_integrations_status"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_plaid_integrations_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plaid_integrations")),
        sa.UniqueConstraint("item_id", name=op.f("uq_plaid_integrations_item_id")),
    )
    op.create_index(
        "ix_plaid_integrations_due",
        "plaid_integrations",
        ["next_sync_at"],
        unique=False,
        postgresql_where=sa.text("next_sync_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_plaid_integrations_user_id"), "plaid_integrations", ["user_id"], unique=False)
    op.create_table(
        "user_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_events_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_events")),
    )
    op.create_index(op.f("ix_user_events_created_at"), "user_events", ["created_at"], unique=False)
    op.create_index(op.f("ix_user_events_user_id_id"), "user_events", ["user_id", "id"], unique=False)
    op.create_table(
        "link_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=True, comment="update mode: what is repaired"),
        sa.Column("link_token", sa.Text(), nullable=False, comment="sealed"),
        sa.Column("days_requested", sa.SmallInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("exchanged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["plaid_integrations.id"],
            name=op.f("fk_link_sessions_integration_id_plaid_integrations"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_link_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_sessions")),
    )
    op.create_index(
        op.f("ix_link_sessions_user_id_created_at"), "link_sessions", ["user_id", "created_at"], unique=False
    )
    op.create_table(
        "plaid_accounts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=255), nullable=False),
        sa.Column("persistent_account_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("official_name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("subtype", sa.String(length=50), nullable=True),
        sa.Column("mask", sa.String(length=10), nullable=True),
        sa.Column("current_balance", sa.Numeric(), nullable=True),
        sa.Column("available_balance", sa.Numeric(), nullable=True),
        sa.Column("credit_limit", sa.Numeric(), nullable=True),
        sa.Column("iso_currency_code", sa.Text(), nullable=True),
        sa.Column("unofficial_currency_code", sa.Text(), nullable=True),
        sa.Column("balance_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "enabled",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="link_api's: the user's switch",
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["plaid_integrations.id"],
            name=op.f("fk_plaid_accounts_integration_id_plaid_integrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plaid_accounts")),
        sa.UniqueConstraint("account_id", name=op.f("uq_plaid_accounts_account_id")),
    )
    op.create_index(op.f("ix_plaid_accounts_integration_id"), "plaid_accounts", ["integration_id"], unique=False)
    op.create_table(
        "plaid_sync_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("sync_type", sa.String(length=50), nullable=False, comment="initial | historical | update"),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("transactions_added", sa.Integer(), server_default="0", nullable=False),
        sa.Column("transactions_modified", sa.Integer(), server_default="0", nullable=False),
        sa.Column("transactions_removed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("restarts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sync_duration", sa.Integer(), nullable=False, comment="milliseconds"),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_request_id", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["plaid_integrations.id"],
            name=op.f("fk_plaid_sync_history_integration_id_plaid_integrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plaid_sync_history")),
    )
    op.create_index(
        op.f("ix_plaid_sync_history_integration_id_created_at"),
        "plaid_sync_history",
        ["integration_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "quarantined_transactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False, comment="Plaid's object, as JSON"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["plaid_integrations.id"],
            name=op.f("fk_quarantined_transactions_integration_id_plaid_integrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_transactions")),
        sa.UniqueConstraint(
            "integration_id", "transaction_id", name=op.f("uq_quarantined_transactions_integration_id_transaction_id")
        ),
    )
    op.create_table(
        "plaid_transactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="Plaid's sign: positive = money out of the account"),
        sa.Column("iso_currency_code", sa.Text(), nullable=True),
        sa.Column("unofficial_currency_code", sa.Text(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("authorized_date", sa.Date(), nullable=True),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=True),
        sa.Column("authorized_datetime", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("merchant_name", sa.Text(), nullable=True),
        sa.Column("merchant_entity_id", sa.Text(), nullable=True),
        sa.Column("original_description", sa.Text(), nullable=True),
        sa.Column("category_id", sa.String(length=50), nullable=True, comment="legacy"),
        sa.Column("category", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="legacy hierarchy"),
        sa.Column("pfc_primary", sa.Text(), nullable=True),
        sa.Column("pfc_detailed", sa.Text(), nullable=True),
        sa.Column("pfc_confidence", sa.Text(), nullable=True),
        sa.Column("pfc_version", sa.Text(), nullable=True),
        sa.Column("payment_channel", sa.String(length=50), nullable=True),
        sa.Column("transaction_code", sa.Text(), nullable=True),
        sa.Column("check_number", sa.Text(), nullable=True),
        sa.Column("location", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("payment_meta", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("counterparties", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("pending_transaction_id", sa.String(length=255), nullable=True),
        sa.Column("sync_status", sa.String(length=50), server_default="synced", nullable=False),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="of Plaid's object: an unchanged `modified` does nothing",
        ),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expense_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("sync_status IN ('synced', 'removed')", name=op.f("ck_plaid_transactions_sync_status")),
        sa.CheckConstraint(
            "num_nonnulls(iso_currency_code, unofficial_currency_code) <= 1",
            name=op.f("ck_plaid_transactions_one_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["plaid_accounts.id"], name=op.f("fk_plaid_transactions_account_id_plaid_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["plaid_integrations.id"],
            name=op.f("fk_plaid_transactions_integration_id_plaid_integrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plaid_transactions")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_plaid_transactions_transaction_id")),
    )
    op.create_index(
        op.f("ix_plaid_transactions_account_id_date"), "plaid_transactions", ["account_id", "date"], unique=False
    )
    op.create_index(
        op.f("ix_plaid_transactions_integration_id"), "plaid_transactions", ["integration_id"], unique=False
    )
    op.create_index(
        op.f("ix_plaid_transactions_pending_transaction_id"),
        "plaid_transactions",
        ["pending_transaction_id"],
        unique=False,
        postgresql_where=sa.text("pending_transaction_id IS NOT NULL"),
    )
    op.create_index(
        "ix_plaid_transactions_undecided",
        "plaid_transactions",
        ["id"],
        unique=False,
        postgresql_where=sa.text("decided_version < version"),
    )
    op.create_table(
        "expenses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="positive = spent, negative = refunded"),
        sa.Column("iso_currency_code", sa.Text(), nullable=True),
        sa.Column("unofficial_currency_code", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("expense_date", sa.Date(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=True),
        sa.Column("auto_category", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Numeric(), nullable=False, comment="0 to 1"),
        sa.Column("source", sa.Text(), nullable=False, comment="the stage of the pipeline that decided"),
        sa.Column("reason", sa.Text(), nullable=False, comment="in plain words"),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("pipeline_version", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_category_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("excluded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_expenses_confidence")),
        sa.ForeignKeyConstraint(
            ["auto_category"], ["expense_categories.slug"], name=op.f("fk_expenses_auto_category_expense_categories")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["plaid_transactions.id"], name=op.f("fk_expenses_transaction_id_plaid_transactions")
        ),
        sa.ForeignKeyConstraint(
            ["user_category_id"],
            ["expense_categories.slug"],
            name=op.f("fk_expenses_user_category_id_expense_categories"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_expenses_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expenses")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_expenses_transaction_id")),
    )
    op.create_index(
        op.f("ix_expenses_user_id_expense_date_id"), "expenses", ["user_id", "expense_date", "id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_plaid_transactions_expense_id_expenses"), "plaid_transactions", "expenses", ["expense_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_plaid_transactions_expense_id_expenses"), "plaid_transactions")
    op.drop_index(op.f("ix_expenses_user_id_expense_date_id"), table_name="expenses")
    op.drop_table("expenses")
    op.drop_index(
        "ix_plaid_transactions_undecided",
        table_name="plaid_transactions",
        postgresql_where=sa.text("decided_version < version"),
    )
    op.drop_index(
        op.f("ix_plaid_transactions_pending_transaction_id"),
        table_name="plaid_transactions",
        postgresql_where=sa.text("pending_transaction_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_plaid_transactions_integration_id"), table_name="plaid_transactions")
    op.drop_index(op.f("ix_plaid_transactions_account_id_date"), table_name="plaid_transactions")
    op.drop_table("plaid_transactions")
    op.drop_table("quarantined_transactions")
    op.drop_index(op.f("ix_plaid_sync_history_integration_id_created_at"), table_name="plaid_sync_history")
    op.drop_table("plaid_sync_history")
    op.drop_index(op.f("ix_plaid_accounts_integration_id"), table_name="plaid_accounts")
    op.drop_table("plaid_accounts")
    op.drop_index(op.f("ix_link_sessions_user_id_created_at"), table_name="link_sessions")
    op.drop_table("link_sessions")
    op.drop_index(op.f("ix_user_events_user_id_id"), table_name="user_events")
    op.drop_index(op.f("ix_user_events_created_at"), table_name="user_events")
    op.drop_table("user_events")
    op.drop_index(op.f("ix_plaid_integrations_user_id"), table_name="plaid_integrations")
    op.drop_index(
        "ix_plaid_integrations_due",
        table_name="plaid_integrations",
        postgresql_where=sa.text("next_sync_at IS NOT NULL"),
    )
    op.drop_table("plaid_integrations")
    op.drop_table("users")
    op.drop_index("ix_outbox_waiting", table_name="outbox", postgresql_where=sa.text("dead_at IS NULL"))
    op.drop_table("outbox")
    op.drop_table("institutions")
    op.drop_table("expense_categories")
