"""Alembic's entry: runs on the connection that `upgrade` (or a revision command) hands over."""

from alembic import context
from sqlalchemy import text

from common.tables import metadata

MIGRATION_LOCK = 4_021_026

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
with context.begin_transaction():
    connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    connection.execute(text("SET LOCAL lock_timeout = '4s'"))
    context.run_migrations()
