"""Alembic's entry: runs on the connection that `upgrade` (or a revision command) hands over.

Each step is a transaction of its own, and gives up when it would wait for a table: whoever came behind would wait too.
"""

from alembic import context
from sqlalchemy import text

from common.tables import metadata

connection = context.config.attributes["connection"]
connection.execute(text("SET lock_timeout = '4s'"))
connection.commit()
context.configure(
    connection=connection, target_metadata=metadata, compare_server_default=True, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
