"""Tables by owner: the file's name says who writes them; a column that another service writes says so."""

from common.tables import budget, categorizer, link_api, ops, outbox, sync_worker, transaction_versions
from common.tables.base import metadata, sealed_columns

__all__ = [
    "budget",
    "categorizer",
    "link_api",
    "metadata",
    "ops",
    "outbox",
    "sealed_columns",
    "sync_worker",
    "transaction_versions",
]
