"""`plaid_transactions` as the categorizer reads them, and the columns of theirs that it writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.decision import Decision
from categorizer.domain.expense import ExpenseDraft
from categorizer.domain.merchant import UNNAMED, Merchant
from categorizer.domain.partners import ALONE, UNLINKED, Links
from categorizer.domain.plan import Expense, Known
from categorizer.domain.transaction import Account, Transaction
from common.database import reach_by_index

DECIDING = 0x0DEC1DED
"""The class of advisory locks, by user: shared by all that decide; alone, it waits until they have ended."""

OWNER = text(f"""
    SELECT user_id, pg_advisory_xact_lock_shared({DECIDING}, user_id) FROM plaid_integrations WHERE id = :integration_id
""")

# Every row below is reached by the index of an id. A plan made while the tables were small, or before their statistics
# followed, would rather read them whole, and stay cached: so seqscan is off, `+ 0` fits no index, and ids are arrays.
LOCK = text("""
    WITH named AS MATERIALIZED (
        SELECT id, transaction_id, pending_transaction_id FROM plaid_transactions
        WHERE id = ANY(CAST(:ids AS bigint[]))
    )
    SELECT id, transaction_id FROM plaid_transactions
    WHERE integration_id + 0 = :integration_id AND id = ANY(ARRAY(
        SELECT id FROM named
        UNION ALL
        SELECT id FROM plaid_transactions
        WHERE transaction_id = ANY(ARRAY(SELECT pending_transaction_id FROM named))
        UNION ALL
        SELECT id FROM plaid_transactions
        WHERE pending_transaction_id = ANY(ARRAY(SELECT transaction_id FROM named))
    ))
    ORDER BY transaction_id FOR UPDATE
""")

# The columns come in the order of the fields of `Transaction`, `Account` and `Known`.
READ = text("""
    SELECT t.id, t.amount, t.iso_currency_code, t.unofficial_currency_code, t.date, t.authorized_date, t.name,
        t.merchant_name, t.merchant_entity_id, t.original_description, t.payment_channel,
        t.pfc_version, t.pfc_primary, t.pfc_detailed, t.pfc_confidence, t.pending, t.sync_status = 'removed',
        (t.integration_id, t.transaction_id) IN (
            SELECT integration_id, pending_transaction_id FROM plaid_transactions
            WHERE pending_transaction_id = ANY(CAST(:names AS text[])) AND sync_status = 'synced' AND NOT pending
        ),
        a.id, a.type, a.subtype, a.mask, a.enabled,
        t.version, t.decided_version, t.expense_id, t.counterpart_id, t.purchase_id, t.transaction_id, t.integration_id,
        e.id, e.amount, e.iso_currency_code, e.unofficial_currency_code,
        e.description, e.vendor, e.expense_date, e.payment_method, e.auto_category, e.confidence, e.source, e.reason,
        e.needs_review, e.alternatives, e.rule_id, e.merchant, e.merchant_entity_id,
        e.pipeline_version, e.withdrawn_at IS NOT NULL, e.user_category_id,
        e.user_category_id IS NOT NULL OR e.reviewed_at IS NOT NULL
    FROM plaid_transactions t
    JOIN plaid_accounts a ON a.id = t.account_id
    LEFT JOIN expenses e ON e.transaction_id = t.id AND e.transaction_id = ANY(CAST(:ids AS bigint[]))
    WHERE t.id = ANY(CAST(:ids AS bigint[]))
    ORDER BY t.id
""")

MARK = text("""
    UPDATE plaid_transactions t SET decided_version = m.version, expense_id = m.expense_id,
        counterpart_id = m.counterpart_id, purchase_id = m.purchase_id
    FROM unnest(CAST(:ids AS bigint[]), CAST(:versions AS bigint[]), CAST(:expense_ids AS bigint[]),
        CAST(:counterpart_ids AS bigint[]), CAST(:purchase_ids AS bigint[]))
        AS m(id, version, expense_id, counterpart_id, purchase_id)
    WHERE t.id = m.id
""")

UNDECIDED = text("""
    SELECT id, integration_id, updated_at FROM plaid_transactions
    WHERE decided_version < version AND updated_at < now() - CAST(:age AS interval)
      AND id <> ALL(CAST(:but AS bigint[]))
    ORDER BY id LIMIT :most
""")


class Mark(NamedTuple):
    """A transaction's version that is decided now, its expense and its partners."""

    transaction_id: int
    version: int
    expense_id: int | None
    links: Links = UNLINKED


class Undecided(NamedTuple):
    """A transaction whose version of this moment is not decided yet."""

    id: int
    integration_id: int
    since: datetime


async def owner(session: AsyncSession, integration_id: int) -> int | None:
    """Return the id of the integration's user, or None when there is no such integration.

    Taken first, for as long as the transaction lasts: whoever waits for the decisions of this user waits for this one.
    """
    return (await session.execute(OWNER, {"integration_id": integration_id})).scalar_one_or_none()


async def lock(session: AsyncSession, integration_id: int, ids: Sequence[int]) -> list[Known]:
    """Lock these transactions of the integration and their pending or posted twins; return them as they then stand.

    Locks go in `transaction_id` order, as sync_worker's do. Read by a second statement: one that waited for a lock
    would see the other tables as they were before it waited.
    """
    await reach_by_index(session)
    locked = (await session.execute(LOCK, {"ids": list(ids), "integration_id": integration_id})).all()
    return await read(session, [(row.id, row.transaction_id) for row in locked])


async def read(session: AsyncSession, found: Sequence[tuple[int, str]]) -> list[Known]:
    """Return transactions, each given by our id and Plaid's, as they stand at this moment."""
    values = {"ids": [id_ for id_, _ in found], "names": [name for _, name in found]}
    return [_known(row) for row in await session.execute(READ, values)] if found else []


async def mark(session: AsyncSession, marks: Sequence[Mark]) -> None:
    """Store what is decided, and link each transaction to its expense."""
    if marks:
        await session.execute(
            MARK,
            {
                "ids": [mark.transaction_id for mark in marks],
                "versions": [mark.version for mark in marks],
                "expense_ids": [mark.expense_id for mark in marks],
                "counterpart_ids": [mark.links.counterpart_id for mark in marks],
                "purchase_ids": [mark.links.purchase_id for mark in marks],
            },
        )


async def undecided(session: AsyncSession, age: timedelta, *, but: Iterable[int], most: int) -> list[Undecided]:
    """Return the transactions that wait for a decision longer than `age`, but for these."""
    rows = await session.execute(UNDECIDED, {"age": age, "but": list(but), "most": most})
    return [Undecided(row.id, row.integration_id, row.updated_at) for row in rows]


def _known(row: Sequence[Any]) -> Known:
    transaction = Transaction(row[0], Account(*row[18:23]), *row[1:18])
    version, decided_version, linked, counterpart_id, purchase_id, key, integration_id = row[23:30]
    links = UNLINKED if counterpart_id is purchase_id is None else Links(counterpart_id, purchase_id)
    expense = _expense(row[0], row[30:])
    return Known(transaction, version, decided_version, linked, expense, ALONE, links, key, integration_id)


def _expense(transaction_id: int, columns: Sequence[Any]) -> Expense | None:
    if columns[0] is None:
        return None
    id_, amount, iso, other, description, vendor, day, method, *decided, version, withdrawn, category, settled = columns
    auto_category, confidence, source, reason, review, also, rule_id, merchant, entity_id = decided
    decision = Decision(auto_category, confidence, source, reason, review, tuple(also), rule_id)
    named = UNNAMED if merchant is None else Merchant(entity_id, merchant)
    draft = ExpenseDraft(transaction_id, amount, iso, other, description, vendor, day, method, decision, named)
    return Expense(id_, draft, version, withdrawn, category, settled)
