"""Written by `ops`: what operators changed, in the transaction that changed it."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from common.tables.base import metadata

ops_audit = Table(
    "ops_audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("operator", Text, nullable=False, comment="who they say they are"),
    Column("command", Text, nullable=False, comment="its words, without what was given to it"),
    Column("arguments", JSONB, nullable=False, server_default="{}", comment="ids, filters and switches"),
    Column("subject", Text, comment="what was changed: a kind and an id; null: many things"),
    Column("outcome", Text, comment="null: begun, and not ended yet or broken off"),
    Index(None, "at"),
    Index(None, "subject", "at"),
    comment="what operators changed; a trigger lets nobody rewrite it, and an outcome be told once",
)
