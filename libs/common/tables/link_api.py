"""Written by link_api: users, their items, the Link sessions that led there, answers kept, and how users like it."""

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
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common.tables.base import metadata, moment, now, sealed

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="the host application's user id"),
    Column("email", Text),
    now("created_at"),
)

institutions = Table(
    "institutions",
    metadata,
    Column("institution_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("oauth", Boolean, nullable=False),
    Column("url", Text),
    Column("primary_color", Text),
    Column("logo", Text, comment="base64 PNG, as Plaid sends it"),
    now("fetched_at"),
)

institution_fetches = Table(
    "institution_fetches",
    metadata,
    Column("institution_id", Text, primary_key=True),
    moment("not_before", nullable=False),
    comment="institutions that are being asked for, or could not be had: not again before then",
)

STATUSES = ("active", "login_required", "revoked", "removing", "disconnected")

plaid_integrations = Table(
    "plaid_integrations",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("item_id", String(255), nullable=False, unique=True),
    sealed("access_token", "sealed; null once Plaid confirmed the removal"),
    Column("institution_id", String(255)),
    Column("institution_name", String(255)),
    Column("days_requested", SmallInteger, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true"), comment="false once disconnected"),
    now("created_at"),
    # The columns below are sync_worker's.
    Column("status", Text, nullable=False, server_default="active"),
    Column("accounts_data", JSONB, comment="Plaid's account objects as last seen"),
    Column("cursor", Text),
    Column("transactions_update_status", Text, nullable=False, server_default="NOT_READY"),
    Column("history_from", Date, comment="date of the oldest transaction"),
    moment("last_sync_at"),
    Column("last_sync_error", Text, comment="Plaid's error_code, or ours; cleared by a completed sync"),
    Column("last_sync_error_message", Text, comment="for people"),
    Column("last_sync_error_request_id", Text),
    moment("last_sync_error_at"),
    moment("consent_expires_at"),
    moment("disconnects_at"),
    moment("login_checked_at"),
    Column(
        "requested_seq", BigInteger, nullable=False, server_default="0", comment="doorbells rung; link_api rings too"
    ),
    Column("processed_seq", BigInteger, nullable=False, server_default="0", comment="doorbells answered"),
    Column("requested_trigger", Text, nullable=False, server_default="linked"),
    moment("rung_at"),
    Column("lease_token", Uuid),
    moment("lease_expires_at"),
    Column("failure_count", Integer, nullable=False, server_default="0"),
    Column("next_sync_at", DateTime(timezone=True), server_default=text("now() + interval '30 seconds'")),
    Column("next_audit_at", DateTime(timezone=True), nullable=False, server_default=text("now() + interval '7 days'")),
    now("updated_at"),
    moment("paused_at", "an operator's: since then no sync begins; doorbells count on"),
    Column(
        "webhook_url",
        Text,
        comment="where Plaid was told last to post its webhooks; null: as the link said. Written by ops",
    ),
    CheckConstraint(f"status IN {STATUSES!r}", name="status"),
    Index(None, "user_id"),
    Index(None, "status"),
    Index("ix_plaid_integrations_due", "next_sync_at", postgresql_where=text("next_sync_at IS NOT NULL")),
    Index(None, "institution_id"),
    Index(
        "ix_plaid_integrations_silent",
        text("coalesce(last_sync_at, created_at)"),
        postgresql_where=text("status = 'active' AND paused_at IS NULL"),
    ),
    Index(None, "paused_at", postgresql_where=text("paused_at IS NOT NULL")),
    Index("ix_plaid_integrations_unanswered", "rung_at", postgresql_where=text("requested_seq > processed_seq")),
    Index("ix_plaid_integrations_audit_due", "next_audit_at", postgresql_where=text("status = 'active'")),
)

OUTCOMES = ("linked", "repaired", "left", "failed")

link_sessions = Table(
    "link_sessions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), comment="update mode: what is repaired"),
    sealed("link_token", nullable=False),
    Column("days_requested", SmallInteger, nullable=False),
    moment("expires_at", nullable=False),
    now("created_at"),
    moment("exchanged_at"),
    Column("state_hash", LargeBinary, unique=True, comment="SHA-256 of what only the browser knows that began it"),
    Column("outcome", Text, comment="of its last end; null: none yet"),
    moment("ended_at"),
    CheckConstraint(f"outcome IN {OUTCOMES!r}", name="outcome"),
    Index(None, "user_id", "created_at"),
    Index(None, "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
)

public_token_exchanges = Table(
    "public_token_exchanges",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("public_token_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256"),
    Column("institution_id", Text),
    Column("institution_name", Text),
    Column("attempts", SmallInteger, nullable=False, server_default="1"),
    now("begun_at"),
    moment("claimed_until", "without an end by then its process died, and another may try", nullable=False),
    Column("item_id", Text, comment="of the new item, where it could not be stored"),
    Column(
        "integration_id",
        Integer,
        ForeignKey("plaid_integrations.id"),
        comment="what came of it; null: an item may stand at Plaid that nobody holds",
    ),
    Index(None, "begun_at"),
)

CALLBACKS = ("onEvent", "onExit")

link_events = Table(
    "link_events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("integration_id", Integer, ForeignKey("plaid_integrations.id"), comment="of update mode"),
    Column("callback", Text, nullable=False),
    Column("event_name", Text, comment="of onEvent"),
    Column("link_session_id", Text, comment="Plaid's"),
    Column("request_id", Text, comment="what Plaid's support asks for"),
    Column("institution_id", Text),
    Column("institution_name", Text),
    Column("view_name", Text),
    Column("status", Text, comment="where the user was when they left"),
    Column("error_type", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("display_message", Text),
    Column("occurred_at", DateTime(timezone=True), comment="by the browser's clock"),
    now("created_at"),
    CheckConstraint(f"callback IN {CALLBACKS!r}", name="callback"),
    Index(None, "user_id", "created_at"),
    Index(None, "created_at"),
    Index(None, "link_session_id"),
)

category_rules = Table(
    "category_rules",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("position", Integer, nullable=False, comment="from 1, without gaps; the first that matches decides"),
    Column("category", Text, ForeignKey("expense_categories.slug"), nullable=False),
    Column("contains", Text, comment="within description or merchant"),
    Column("equals", Text, comment="the whole description or merchant"),
    Column("min_amount", Numeric, comment="without a sign, included, as max_amount"),
    Column("max_amount", Numeric),
    Column("currency", Text, comment="ISO or unofficial"),
    Column("account_id", Integer, ForeignKey("plaid_accounts.id")),
    Column("money", Text, comment="in | out"),
    now("created_at"),
    now("updated_at"),
    CheckConstraint("money IN ('in', 'out')", name="money"),
    CheckConstraint("currency IS NOT NULL OR num_nonnulls(min_amount, max_amount) = 0", name="amounts_have_a_currency"),
    UniqueConstraint("user_id", "position", deferrable=True, initially="DEFERRED"),
)

recategorisations = Table(
    "recategorisations",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("category", Text, ForeignKey("expense_categories.slug"), comment="null: the automatic one"),
    Column("expense_ids", ARRAY(BigInteger), nullable=False),
    Column("former_categories", ARRAY(Text), nullable=False, comment="of users; null: the automatic one"),
    Column("former_answered_at", ARRAY(DateTime(timezone=True)), nullable=False),
    moment("created_at", nullable=False),
    moment("undone_at"),
    Index(None, "created_at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("rating", SmallInteger, comment="1 to 5; null: asked, and would not say"),
    Column("comment", Text),
    now("given_at"),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True, comment="the client's own"),
    Column("operation", Text, nullable=False, comment="method and path"),
    Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 of the whole request"),
    Column("claim", Uuid, nullable=False, comment="the run whose answer it will be"),
    moment("claimed_until", "without an answer by then it died, and another may run", nullable=False),
    sealed("answer", "sealed: it may hold a link token"),
    now("created_at"),
    Index(None, "created_at"),
)
