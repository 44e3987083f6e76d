"""Written by `common.budget`: what is left of Plaid's rate limits, and how often each endpoint was called.

link_api counts its users' calls in `rate_buckets` too.
"""

from sqlalchemy import Column, DateTime, Float, Index, Integer, Table, Text

from common.tables.base import metadata, moment

rate_buckets = Table(
    "rate_buckets",
    metadata,
    Column("key", Text, primary_key=True, comment="endpoint, window, and whose calls are counted"),
    moment("empty_at", nullable=False),
    Column("slowdown", Float, nullable=False, server_default="1", comment="factor on the pause between two calls"),
    moment("slowed_at"),
    prefixes=["UNLOGGED"],
    comment="the last minutes only: a crash may empty it",
)

plaid_api_usage = Table(
    "plaid_api_usage",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("put_off", Integer, nullable=False, server_default="0", comment="not made, for want of budget"),
    Column("limited", Integer, nullable=False, server_default="0", comment="answered with 429"),
    Column("failed", Integer, nullable=False, server_default="0", comment="ended in any other error"),
    Index(None, "minute"),
)
