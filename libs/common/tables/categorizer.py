"""Written by categorizer: the categories, and the expenses that the user sees.

An expense is withdrawn, never deleted, so that what the user decided returns with its transaction.
"""

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
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from common.tables.base import metadata, moment, now

expense_categories = Table(
    "expense_categories",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("cora_group", Text),
    Column("kind", Text, nullable=False),
    Column("schedule_c_line", Text),
    CheckConstraint("kind IN ('business', 'personal', 'nonexpense')", name="kind"),
)

expenses = Table(
    "expenses",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("transaction_id", BigInteger, ForeignKey("plaid_transactions.id"), nullable=False, unique=True),
    Column("amount", Numeric, nullable=False, comment="positive = spent, negative = refunded"),
    Column("iso_currency_code", Text),
    Column("unofficial_currency_code", Text),
    Column("description", Text, nullable=False),
    Column("vendor", Text),
    Column("expense_date", Date, nullable=False),
    Column("payment_method", Text),
    Column("auto_category", Text, ForeignKey("expense_categories.slug"), nullable=False),
    Column("confidence", Numeric, nullable=False, comment="0 to 1"),
    Column("source", Text, nullable=False, comment="the stage of the pipeline that decided"),
    Column("reason", Text, nullable=False, comment="in plain words"),
    Column("needs_review", Boolean, nullable=False),
    Column("pipeline_version", Text, nullable=False),
    Column(
        "alternatives",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="categories that came next, likeliest first",
    ),
    Column("rule_id", BigInteger, comment="the user's rule that decided; it may be deleted since"),
    Column("merchant", Text, comment="the merchant's words, as memory knows it; null: not read yet"),
    Column("merchant_entity_id", Text, comment="Plaid's id of the merchant"),
    moment("withdrawn_at"),
    now("created_at"),
    now("updated_at"),
    # The columns below are link_api's: what the user decided.
    Column("user_category_id", Text, ForeignKey("expense_categories.slug")),
    Column("note", Text),
    Column("excluded", Boolean, nullable=False, server_default=text("false")),
    moment("reviewed_at"),
    Column(
        "reviewed_category",
        Text,
        ForeignKey("expense_categories.slug"),
        comment="the automatic category that its user confirmed; null: a question that was put away is no answer",
    ),
    Column(
        "answered_at",
        DateTime(timezone=True),
        comment="when its user last said what it is; null: never, or taken back",
    ),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    Index(None, "user_id", "expense_date", "id"),
    Index(
        "ix_expenses_open_questions",
        "user_id",
        "expense_date",
        "id",
        postgresql_where=text(
            "needs_review AND user_category_id IS NULL AND reviewed_at IS NULL AND withdrawn_at IS NULL"
        ),
    ),
    Index(
        "ix_expenses_answers", "user_id", "merchant", "answered_at", postgresql_where=text("answered_at IS NOT NULL")
    ),
    Index(
        "ix_expenses_entity_answers",
        "user_id",
        "merchant_entity_id",
        "answered_at",
        postgresql_where=text("answered_at IS NOT NULL"),
    ),
    Index(
        "ix_expenses_surest",
        "user_id",
        text("coalesce(merchant_entity_id, merchant)"),
        text("sign(amount)"),
        "expense_date",
    ),
    Index("ix_expenses_unnamed", "id", postgresql_where=text("merchant IS NULL")),
)
