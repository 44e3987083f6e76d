"""Written by `common.outbox` alone, in the transaction of whoever emits."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, Table, Text, Uuid, text

from common.tables.base import metadata, moment, now

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the message's id"),
    Column("type", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("body", Text, nullable=False, comment="JSON, as it goes over the wire"),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text, comment="W3C trace context, where traces are taken"),
    moment("occurred_at", nullable=False),
    now("created_at"),
    moment("claimed_until", nullable=False),
    moment("dead_at"),
    Column("last_error", Text),
    Index("ix_outbox_waiting", "created_at", postgresql_where=text("dead_at IS NULL")),
)

user_events = Table(
    "user_events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False, comment="JSON"),
    now("created_at"),
    Index(None, "user_id", "id"),
    Index(None, "created_at"),
)
