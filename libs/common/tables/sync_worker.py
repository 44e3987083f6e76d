"""Written by sync_worker: what Plaid says about accounts and transactions, and the history of asking."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common.tables.base import metadata, moment, now

plaid_accounts = Table(
    "plaid_accounts",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), nullable=False),
    Column("account_id", String(255), nullable=False, unique=True),
    Column("persistent_account_id", Text),
    Column("name", Text, nullable=False),
    Column("official_name", Text),
    Column("type", String(50), nullable=False),
    Column("subtype", String(50)),
    Column("mask", String(10)),
    Column("current_balance", Numeric),
    Column("available_balance", Numeric),
    Column("credit_limit", Numeric),
    Column("iso_currency_code", Text),
    Column("unofficial_currency_code", Text),
    moment("balance_as_of"),
    Column("enabled", Boolean, nullable=False, server_default=text("true"), comment="link_api's: the user's switch"),
    Column(
        "is_active", Boolean, nullable=False, server_default=text("true"), comment="false once Plaid names it no more"
    ),
    moment("revoked_at"),
    now("created_at"),
    now("updated_at"),
    Index(None, "integration_id"),
)

MAY_BE_HALF = """sync_status = 'synced' AND NOT pending AND (
    pfc_primary IS NULL OR pfc_confidence IS NULL OR pfc_confidence NOT IN ('VERY_HIGH', 'HIGH', 'MEDIUM')
    OR pfc_primary IN ('TRANSFER_IN', 'TRANSFER_OUT', 'LOAN_PAYMENTS', 'LOAN_DISBURSEMENTS')
)"""
"""A row that may be half of a transfer, and not clearly something else; the categorizer's law says it again."""

plaid_transactions = Table(
    "plaid_transactions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), nullable=False),
    Column("account_id", Integer, ForeignKey("plaid_accounts.id"), nullable=False),
    Column("transaction_id", String(255), nullable=False, unique=True),
    Column("amount", Numeric, nullable=False, comment="Plaid's sign: positive = money out of the account"),
    Column("iso_currency_code", Text),
    Column("unofficial_currency_code", Text),
    Column("date", Date, nullable=False),
    Column("authorized_date", Date),
    moment("datetime"),
    moment("authorized_datetime"),
    Column("name", Text, nullable=False),
    Column("merchant_name", Text),
    Column("merchant_entity_id", Text),
    Column("original_description", Text),
    Column("category_id", String(50), comment="legacy"),
    Column("category", JSONB, comment="legacy hierarchy"),
    Column("pfc_primary", Text),
    Column("pfc_detailed", Text),
    Column("pfc_confidence", Text),
    Column("pfc_version", Text),
    Column("payment_channel", String(50)),
    Column("transaction_code", Text),
    Column("check_number", Text),
    Column("location", JSONB),
    Column("payment_meta", JSONB),
    Column("counterparties", JSONB),
    Column("pending", Boolean, nullable=False),
    Column("pending_transaction_id", String(255)),
    Column("sync_status", String(50), nullable=False, server_default="synced"),
    Column(
        "content_hash", LargeBinary, nullable=False, comment="of Plaid's object: an unchanged `modified` does nothing"
    ),
    Column("version", BigInteger, nullable=False, server_default="1"),
    now("created_at"),
    now("updated_at"),
    # The columns below are categorizer's.
    Column("expense_id", BigInteger, ForeignKey("expenses.id", use_alter=True)),
    Column(
        "decided_version",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="link_api sets it back to 0 where a rule shall be applied",
    ),
    Column("counterpart_id", BigInteger, comment="the other half of a transfer between the user's own accounts"),
    Column("purchase_id", BigInteger, comment="the purchase that this money gave back"),
    CheckConstraint("sync_status IN ('synced', 'removed')", name="sync_status"),
    CheckConstraint("num_nonnulls(iso_currency_code, unofficial_currency_code) <= 1", name="one_currency"),
    Index(None, "account_id", "date"),
    Index(None, "integration_id"),
    Index(None, "pending_transaction_id", postgresql_where=text("pending_transaction_id IS NOT NULL")),
    Index("ix_plaid_transactions_undecided", "id", postgresql_where=text("decided_version < version")),
    Index("ix_plaid_transactions_halves", "integration_id", text("abs(amount)"), postgresql_where=text(MAY_BE_HALF)),
    Index(None, "counterpart_id", postgresql_where=text("counterpart_id IS NOT NULL")),
    Index(None, "purchase_id", postgresql_where=text("purchase_id IS NOT NULL")),
)

plaid_sync_history = Table(
    "plaid_sync_history",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), nullable=False),
    Column("sync_type", String(50), nullable=False, comment="initial | historical | update"),
    Column("trigger", Text, nullable=False),
    Column("transactions_added", Integer, nullable=False, server_default="0"),
    Column("transactions_modified", Integer, nullable=False, server_default="0"),
    Column("transactions_removed", Integer, nullable=False, server_default="0"),
    Column("pages", Integer, nullable=False, server_default="0"),
    Column("restarts", Integer, nullable=False, server_default="0"),
    Column("sync_duration", Integer, nullable=False, comment="milliseconds"),
    Column("success", Boolean, nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("error_request_id", Text),
    Column("correlation_id", Text),
    moment("rung_at", comment="when the oldest doorbell rang that the sync answers"),
    now("created_at"),
    Index(None, "correlation_id"),
    Index(None, "integration_id", "created_at"),
    Index(None, "created_at", postgresql_include=["integration_id", "success", "sync_duration"]),
)

quarantined_transactions = Table(
    "quarantined_transactions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("raw", Text, nullable=False, comment="Plaid's object, as JSON"),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("next_retry_at", DateTime(timezone=True), nullable=False, server_default=text("now() + interval '1 hour'")),
    now("created_at"),
    moment("resolved_at"),
    UniqueConstraint("integration_id", "transaction_id"),
    Index("ix_quarantined_transactions_due", "next_retry_at", postgresql_where=text("resolved_at IS NULL")),
)

KINDS = (
    "initial_complete", "history_complete", "login_required", "expiring", "revoked", "account_revoked", "repaired",
    "new_accounts", "institution_down",
)  # fmt: skip

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), nullable=False),
    Column("account_id", Integer, ForeignKey("plaid_accounts.id"), comment="when it is about one account"),
    Column("kind", Text, nullable=False),
    moment("due_at"),
    now("created_at"),
    moment("cleared_at"),
    Column("read_at", DateTime(timezone=True), comment="link_api's: the user has seen it"),
    CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
    Index(None, "user_id", "id"),
    Index(
        "uq_notifications_standing",
        "integration_id",
        "kind",
        text("coalesce(account_id, 0)"),
        unique=True,
        postgresql_where=text("cleared_at IS NULL"),
    ),
)

institution_health = Table(
    "institution_health",
    metadata,
    Column("institution_id", String(255), primary_key=True),
    Column("failures", Integer, nullable=False, comment="how often in a row it was left alone: each time longer"),
    Column("items", ARRAY(Integer), nullable=False, comment="our ids of the items that it failed since it last worked"),
    Column("error_code", Text, nullable=False),
    moment("failing_since", nullable=False),
    Column("open_until", DateTime(timezone=True), comment="until then no sync begins; null: not failing often enough"),
    Column("probe_until", DateTime(timezone=True), comment="until then one item's sync is the probe"),
)

orphan_items = Table(
    "orphan_items",
    metadata,
    Column("item_id", Text, primary_key=True),
    moment("first_seen_at", nullable=False),
    moment("last_seen_at", nullable=False),
    Column("webhooks", BigInteger, nullable=False, server_default="1"),
    Column("webhook_type", Text, nullable=False, comment="of the last one, as webhook_code"),
    Column("webhook_code", Text, nullable=False),
    comment="items that ring and that no integration has: Plaid bills them still",
)

audits = Table(
    "audits",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), nullable=False),
    Column("heal", Boolean, nullable=False),
    now("requested_at"),
    Column(
        "due_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="when a sweep asks for it, again if it was begun and never finished",
    ),
    Column("begun_at", DateTime(timezone=True), comment="null: in nobody's hand"),
    Column("begun_by", Uuid, comment="the worker in whose hand it is"),
    Column(
        "attempts", Integer, nullable=False, server_default="0", comment="how often it was begun and came to no end"
    ),
    moment("finished_at"),
    Column("compared", Integer, comment="transactions that both sides could be asked about"),
    Column("missing", Integer, comment="Plaid has it, we do not"),
    Column("extra", Integer, comment="we have it, Plaid does not"),
    Column("different", Integer),
    Column("quarantined", Integer, comment="Plaid has it, it waits in quarantine"),
    Column("sample", JSONB, comment="some of them: transaction_id, what is wrong"),
    Column("error_code", Text, comment="why it could not be done"),
    Index(None, "integration_id", "id"),
    Index("uq_audits_standing", "integration_id", unique=True, postgresql_where=text("finished_at IS NULL")),
    Index("ix_audits_due", "due_at", postgresql_where=text("finished_at IS NULL")),
    Index(None, "finished_at"),
)
