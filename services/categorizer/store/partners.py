"""What a message's transactions may have to do with others of the same user, in `plaid_transactions` and `expenses`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.plan import Known
from categorizer.domain.refunds import MOST_DAYS, Bought, Spending
from categorizer.domain.transfers import may_be_half
from categorizer.store import transactions
from categorizer.store.transactions import Undecided
from common.database import reach_by_index
from common.tables.sync_worker import MAY_BE_HALF

PARTNERING = 0x0DEC1DE2
"""The class of advisory locks, by user, of whoever looks for partners."""

CLAIM = text(f"""
    SELECT pg_advisory_xact_lock({PARTNERING}, :user_id), (
        SELECT count(*) > 1 FROM plaid_integrations i JOIN plaid_accounts a ON a.integration_id = i.id
        WHERE i.user_id = :user_id
    ) AS several
""")

HALVES = text(f"""
    SELECT id, transaction_id FROM plaid_transactions WHERE id <> ALL(CAST(:ids AS bigint[])) AND id = ANY(ARRAY(
        SELECT t.id FROM plaid_integrations i JOIN plaid_transactions t ON t.integration_id = i.id
        WHERE i.user_id = :user_id AND abs(t.amount) = ANY(CAST(:sizes AS numeric[])) AND {MAY_BE_HALF}
        UNION ALL
        SELECT id FROM plaid_transactions WHERE counterpart_id = ANY(CAST(:ids AS bigint[]))
    ))
""")

# The columns come in the order of the fields of `Spending`.
FACE = """
    t.transaction_id, t.id, t.account_id, coalesce(e.merchant_entity_id, e.merchant) AS merchant,
    coalesce(e.iso_currency_code, e.unofficial_currency_code) AS currency, e.amount, e.expense_date
"""

REFUNDS = text(f"""
    SELECT {FACE}, t.integration_id, t.purchase_id, p.transaction_id AS p_key, p.account_id AS p_account,
        x.amount AS p_amount, x.expense_date AS p_date
    FROM expenses e
    JOIN plaid_transactions t ON t.id = e.transaction_id
    LEFT JOIN expenses x ON x.transaction_id = t.purchase_id
    LEFT JOIN plaid_transactions p ON p.id = t.purchase_id
    WHERE e.user_id = :user_id AND coalesce(e.merchant_entity_id, e.merchant) = ANY(CAST(:merchants AS text[]))
        AND sign(e.amount) = -1 AND e.transaction_id <> ALL(CAST(:but AS bigint[]))
        AND (e.withdrawn_at IS NULL OR t.purchase_id IS NOT NULL)
""")

CHOSEN = Decimal("0.99")
"""How sure a refund is whose purchase has its category from its user."""

# A purchase that its user calls no spending is withdrawn, and its refund goes the same way. Merchant by merchant
# (OFFSET keeps it so): a plan made while the tables were small would rather read all that the user ever spent.
PURCHASES = text(f"""
    SELECT {FACE}, coalesce(e.vendor, e.description), coalesce(e.user_category_id, e.auto_category),
        CASE WHEN e.user_category_id IS NULL THEN e.confidence ELSE {CHOSEN} END,
        e.needs_review AND e.user_category_id IS NULL AND e.reviewed_at IS NULL, e.alternatives
    FROM unnest(CAST(:merchants AS text[]), CAST(:since AS date[]), CAST(:until AS date[]), CAST(:least AS numeric[]))
        AS w(name, since, until, least)
    CROSS JOIN LATERAL (
        SELECT * FROM expenses WHERE user_id = :user_id AND coalesce(merchant_entity_id, merchant) = w.name
            AND sign(amount) = 1 AND expense_date BETWEEN w.since AND w.until AND amount >= w.least OFFSET 0
    ) e
    JOIN plaid_transactions t ON t.id = e.transaction_id
    JOIN plaid_accounts a ON a.id = t.account_id + 0
    WHERE e.withdrawn_at IS NULL
        OR (e.user_category_id IS NOT NULL AND t.sync_status = 'synced' AND NOT t.pending AND a.enabled)
""")

FOLLOWERS = text(f"""
    WITH answered AS MATERIALIZED (
        SELECT transaction_id FROM expenses WHERE user_id = :user_id AND id = ANY(CAST(:expense_ids AS bigint[]))
    )
    SELECT id, integration_id, now() FROM plaid_transactions
    WHERE purchase_id = ANY(ARRAY(SELECT transaction_id FROM answered))
    UNION ALL
    SELECT id, integration_id, now() FROM plaid_transactions
    WHERE id = ANY(ARRAY(SELECT transaction_id FROM answered)) AND {MAY_BE_HALF}
""")


class Refund(NamedTuple):
    """A refund that stands, and the purchase that it is linked with, as far as that stands."""

    spending: Spending
    integration_id: int
    purchase_id: int | None
    purchase: Spending | None


async def claim(session: AsyncSession, user_id: int) -> bool:
    """Keep others from looking for this user's partners until this transaction ends; return if there are accounts two.

    Whoever comes next sees what this one wrote. Taken behind the locks of rows, and no lock is taken behind it.
    """
    return bool((await session.execute(CLAIM, {"user_id": user_id})).one().several)


async def halves(session: AsyncSession, user_id: int, known: Sequence[Known]) -> list[Known]:
    """Return what else of the user's may be half of a transfer of the same size, and what is linked with these."""
    sizes = {abs(one.transaction.amount) for one in known if may_be_half(one.transaction)}
    values = {"user_id": user_id, "sizes": list(sizes), "ids": [one.transaction.id for one in known]}
    return await transactions.read(session, [tuple(row) for row in await session.execute(HALVES, values)])


async def refunds(
    session: AsyncSession, user_id: int, merchants: Collection[str], *, but: Sequence[int]
) -> list[Refund]:
    """Return the refunds of these merchants, but for these transactions."""
    if not merchants:
        return []
    values = {"user_id": user_id, "merchants": list(merchants), "but": list(but)}
    rows = await session.execute(REFUNDS, values)
    return [Refund(Spending(*row[:7]), row.integration_id, row.purchase_id, _linked(row)) for row in rows]


async def purchases(session: AsyncSession, user_id: int, of: Iterable[Spending]) -> list[Bought]:
    """Return what these refunds may give back."""
    by_merchant: dict[str, list[Spending]] = {}
    for one in of:
        by_merchant.setdefault(one.merchant, []).append(one)
    if not by_merchant:
        return []
    values = {
        "user_id": user_id,
        "merchants": list(by_merchant),
        "since": [min(one.date for one in group) - timedelta(MOST_DAYS) for group in by_merchant.values()],
        "until": [max(one.date for one in group) for group in by_merchant.values()],
        "least": [min(-one.amount for one in group) for group in by_merchant.values()],
    }
    return [Bought(Spending(*row[:7]), *row[7:]) for row in await session.execute(PURCHASES, values)]


async def followers(session: AsyncSession, user_id: int, expense_ids: Sequence[int]) -> list[Undecided]:
    """Return what an answer about these expenses bears on: refunds of them, and they where they may be transfers."""
    await reach_by_index(session)
    rows = await session.execute(FOLLOWERS, {"user_id": user_id, "expense_ids": list(expense_ids)})
    return [Undecided(*row) for row in rows]


def _linked(row: Any) -> Spending | None:
    """Return the purchase that a refund is linked with."""
    if row.p_amount is None:
        return None
    return Spending(row.p_key, row.purchase_id, row.p_account, row.merchant, row.currency, row.p_amount, row.p_date)
