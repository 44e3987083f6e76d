"""The life of a transaction, as the tables tell it: ids, times and outcomes, never what was bought.

A sync stores its rows and its line in the history in one transaction, so their times are the same moment: that is how
a version of a row finds the sync, the doorbell and the correlation id that brought it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FIND = """
    SELECT t.id, t.transaction_id, t.integration_id, t.version, t.decided_version, e.id AS expense_id
    FROM plaid_transactions t LEFT JOIN expenses e ON e.transaction_id = t.id
"""
BY_NAME = text(
    f"{FIND} WHERE t.transaction_id = :name OR t.id = :number ORDER BY t.transaction_id = :name DESC LIMIT 1"
)
BY_EXPENSE = text(f"{FIND} WHERE e.id = :number")
BY_CORRELATION = text(f"""
    {FIND} JOIN plaid_sync_history h ON h.integration_id = t.integration_id
        AND (h.created_at IN (t.created_at, t.updated_at) OR EXISTS (
            SELECT FROM plaid_transaction_versions v WHERE v.transaction_id = t.id AND v.told_at = h.created_at))
    WHERE h.correlation_id = :correlation_id ORDER BY t.id LIMIT :most
""")
BROUGHT = """
    SELECT t.integration_id, t.created_at AS at, 1 AS version FROM plaid_transactions t WHERE t.id = :id
    UNION SELECT t.integration_id, t.updated_at, t.version FROM plaid_transactions t WHERE t.id = :id
    UNION SELECT t.integration_id, v.told_at, v.version
        FROM plaid_transaction_versions v JOIN plaid_transactions t ON t.id = v.transaction_id WHERE t.id = :id
"""
SYNCS = """
    SELECT h.rung_at, h.created_at AS at, h.correlation_id, h.trigger, h.success, h.sync_type, h.error_code,
        concat(h.transactions_added, ' new, ', h.transactions_modified, ' changed, ', h.transactions_removed,
            ' removed, in ', h.sync_duration, ' ms') AS counts, h.integration_id
    FROM plaid_sync_history h
"""
STORY = """
    SELECT rung_at AS at, 'rung' AS what, trigger AS detail, correlation_id FROM syncs
    UNION ALL SELECT at, CASE WHEN success THEN 'synced' ELSE 'sync failed' END,
        concat(sync_type, ', ', CASE WHEN success THEN counts ELSE error_code END), correlation_id FROM syncs
"""
NOTICES = """
    SELECT n.kind, n.created_at, n.cleared_at, s.at, s.correlation_id
    FROM syncs s JOIN plaid_integrations i ON i.id = s.integration_id
        JOIN notifications n ON n.user_id = i.user_id AND n.integration_id = i.id
        AND s.at IN (n.created_at, n.cleared_at)
"""
TOLD = """
    SELECT created_at, 'user notified', kind, correlation_id FROM notices WHERE created_at = at
    UNION ALL SELECT cleared_at, 'notice cleared', kind, correlation_id FROM notices WHERE cleared_at = at
"""
UNPUBLISHED = """
    SELECT created_at, CASE WHEN dead_at IS NULL THEN 'waits to be published' ELSE 'given up' END,
        concat(type, ': ' || last_error), correlation_id FROM outbox
"""
QUARANTINED = """
    SELECT q.created_at, 'in quarantine',
        CASE WHEN q.resolved_at IS NULL THEN concat('still, after try ', q.attempts) ELSE 'left it' END, NULL
    FROM quarantined_transactions q
"""
OF_TRANSACTION = text(f"""
    WITH brought AS ({BROUGHT}),
    syncs AS ({SYNCS} WHERE (h.integration_id, h.created_at) IN (SELECT integration_id, at FROM brought)),
    notices AS ({NOTICES}),
    expense AS (SELECT * FROM expenses WHERE transaction_id = :id)
    {STORY}
    UNION ALL SELECT at, 'stored', concat('version ', version), NULL FROM brought
    UNION ALL SELECT created_at, 'expense made', concat('expense ', id), NULL FROM expense
    UNION ALL SELECT updated_at, 'decided',
        concat(auto_category, ' by ', source, ', ', round(confidence, 2), CASE WHEN needs_review THEN ', asks' END),
        NULL FROM expense
    UNION ALL SELECT withdrawn_at, 'withdrawn', 'no expense any more', NULL FROM expense
    UNION ALL SELECT answered_at, 'its user said', coalesce(user_category_id, reviewed_category), NULL FROM expense
    UNION ALL SELECT reviewed_at, 'reviewed', NULL, NULL FROM expense
    UNION ALL SELECT r.created_at, 'changed with others', concat(coalesce(r.category, 'the automatic one'),
        ', ', cardinality(r.expense_ids), ' expenses', CASE WHEN r.undone_at IS NOT NULL THEN ', undone' END), NULL
        FROM recategorisations r JOIN expense e ON e.user_id = r.user_id AND e.id = ANY(r.expense_ids)
    UNION ALL {QUARANTINED} JOIN plaid_transactions t
        ON t.integration_id = q.integration_id AND t.transaction_id = q.transaction_id WHERE t.id = :id
    UNION ALL {TOLD}
    UNION ALL {UNPUBLISHED} WHERE correlation_id IN (SELECT correlation_id FROM syncs)
""")
OF_QUARANTINED = text(f"""
    WITH kept AS (SELECT * FROM quarantined_transactions WHERE transaction_id = :name),
    syncs AS ({SYNCS} WHERE (h.integration_id, h.created_at) IN (SELECT integration_id, created_at FROM kept))
    {STORY}
    UNION ALL {QUARANTINED} WHERE q.transaction_id = :name
    UNION ALL {UNPUBLISHED} WHERE correlation_id IN (SELECT correlation_id FROM syncs)
""")
OF_CORRELATION = text(f"""
    WITH syncs AS ({SYNCS} WHERE h.correlation_id = :correlation_id),
    notices AS ({NOTICES})
    {STORY}
    UNION ALL {TOLD}
    UNION ALL {UNPUBLISHED} WHERE correlation_id = :correlation_id
""")
EXPENSE = "expense:"
"""Before a number, it is an expense's; ours of transactions are numbers too."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction by its ids, and whether what stands was decided."""

    id: int
    transaction_id: str
    integration_id: int
    version: int
    decided_version: int
    expense_id: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, as far as a table says."""

    at: datetime
    what: str
    detail: str | None
    correlation_id: str | None


async def find(session: AsyncSession, name: str) -> Transaction | None:
    """Return the transaction with this id, Plaid's or ours, or that of `expense:` and the expense's id."""
    number = _number(name.removeprefix(EXPENSE))
    statement = BY_EXPENSE if name.startswith(EXPENSE) else BY_NAME
    values = {"number": number} if name.startswith(EXPENSE) else {"name": name, "number": number}
    row = (await session.execute(statement, values)).mappings().first()
    return Transaction(**row) if row else None


async def of_quarantined(session: AsyncSession, transaction_id: str) -> Sequence[Moment]:
    """Return what happened to a transaction, by Plaid's id, that could not be used; nothing where there is none."""
    return _in_order(await session.execute(OF_QUARANTINED, {"name": transaction_id}))


async def of_transaction(session: AsyncSession, transaction: Transaction) -> Sequence[Moment]:
    """Return what happened to a transaction, in the order in which it happened."""
    return _in_order(await session.execute(OF_TRANSACTION, {"id": transaction.id}))


async def of_correlation(
    session: AsyncSession, correlation_id: str, most: int
) -> tuple[Sequence[Moment], Sequence[Transaction]]:
    """Return what happened under a correlation id, and the transactions that it brought, at most so many."""
    moments = _in_order(await session.execute(OF_CORRELATION, {"correlation_id": correlation_id}))
    values = {"correlation_id": correlation_id, "most": most}
    rows = (await session.execute(BY_CORRELATION, values)).mappings()
    return moments, [Transaction(**row) for row in rows]


def _in_order(rows: Iterable[Any]) -> Sequence[Moment]:
    return sorted((Moment(*row) for row in rows if row.at is not None), key=attrgetter("at"))


def _number(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdecimal() and len(name) < len(str(2**63)) else None
