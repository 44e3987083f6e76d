"""`plaid_transactions` as the categorizer reads them, and the columns of theirs that it writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.decision import Decision
from categorizer.domain.expense import ExpenseDraft
from categorizer.domain.merchant import UNNAMED, Merchant
from categorizer.domain.partners import UNLINKED, Links
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

READ = text("""
    SELECT t.id, t.amount, t.iso_currency_code, t.unofficial_currency_code, t.date, t.authorized_date, t.name,
        t.merchant_name, t.merchant_entity_id, t.original_description, t.payment_channel,
        t.pfc_version, t.pfc_primary, t.pfc_detailed, t.pfc_confidence, t.pending,
        t.sync_status = 'removed' AS removed, t.version, t.decided_version, t.expense_id AS linked,
        t.transaction_id AS key, t.integration_id, t.counterpart_id, t.purchase_id,
        (t.integration_id, t.transaction_id) IN (
            SELECT integration_id, pending_transaction_id FROM plaid_transactions
            WHERE pending_transaction_id = ANY(CAST(:names AS text[])) AND sync_status = 'synced' AND NOT pending
        ) AS superseded,
        a.id AS account_id, a.type, a.subtype, a.mask, a.enabled,
        e.id AS expense_id, e.amount AS e_amount, e.iso_currency_code AS e_iso, e.unofficial_currency_code AS e_other,
        e.description, e.vendor, e.expense_date, e.payment_method, e.auto_category, e.confidence, e.source, e.reason,
        e.needs_review, e.alternatives, e.rule_id, e.pipeline_version, e.withdrawn_at IS NOT NULL AS withdrawn,
        e.user_category_id, e.user_category_id IS NOT NULL OR e.reviewed_at IS NOT NULL AS settled,
        e.merchant, e.merchant_entity_id AS e_entity_id
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


@dataclass(frozen=True, slots=True)
class Mark:
    """A transaction's version that is decided now, its expense and its partners."""

    transaction_id: int
    version: int
    expense_id: int | None
    links: Links = UNLINKED


@dataclass(frozen=True, slots=True)
class Undecided:
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


def _known(row: Any) -> Known:
    transaction = Transaction(
        id=row.id,
        account=Account(row.account_id, row.type, row.subtype, row.mask, row.enabled),
        amount=row.amount,
        iso_currency_code=row.iso_currency_code,
        unofficial_currency_code=row.unofficial_currency_code,
        date=row.date,
        authorized_date=row.authorized_date,
        name=row.name,
        merchant_name=row.merchant_name,
        merchant_entity_id=row.merchant_entity_id,
        original_description=row.original_description,
        payment_channel=row.payment_channel,
        pfc_version=row.pfc_version,
        pfc_primary=row.pfc_primary,
        pfc_detailed=row.pfc_detailed,
        pfc_confidence=row.pfc_confidence,
        pending=row.pending,
        removed=row.removed,
        superseded=row.superseded,
    )
    return Known(
        transaction,
        row.version,
        row.decided_version,
        row.linked,
        _expense(row),
        links=Links(row.counterpart_id, row.purchase_id),
        key=row.key,
        integration_id=row.integration_id,
    )


def _expense(row: Any) -> Expense | None:
    if row.expense_id is None:
        return None
    draft = ExpenseDraft(
        transaction_id=row.id,
        amount=row.e_amount,
        iso_currency_code=row.e_iso,
        unofficial_currency_code=row.e_other,
        description=row.description,
        vendor=row.vendor,
        expense_date=row.expense_date,
        payment_method=row.payment_method,
        decision=Decision(
            row.auto_category,
            row.confidence,
            row.source,
            row.reason,
            row.needs_review,
            tuple(row.alternatives),
            row.rule_id,
        ),
        merchant=UNNAMED if row.merchant is None else Merchant(row.e_entity_id, row.merchant),
    )
    return Expense(row.expense_id, draft, row.pipeline_version, row.withdrawn, row.user_category_id, row.settled)
