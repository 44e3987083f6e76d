"""What stands behind an expense: the automatic decision, and the bank's rows."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

DECISION = text("""
    SELECT e.transaction_id, e.confidence, e.source, e.reason, e.needs_review, e.alternatives, e.rule_id,
        e.pipeline_version,
        c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group
    FROM expenses e JOIN expense_categories c ON c.slug = e.auto_category
    WHERE e.user_id = :user_id AND e.id = :id
""")
BANK = """
    SELECT integration_id, transaction_id, name, merchant_name, original_description, amount, iso_currency_code,
        unofficial_currency_code, date, authorized_date, datetime, authorized_datetime, payment_channel, check_number,
        pfc_primary, pfc_detailed, pfc_confidence, pfc_version, pending, pending_transaction_id,
        sync_status = 'removed' AS removed, version, created_at, updated_at
    FROM plaid_transactions
"""
MOST_REMEMBERED = 5
"""As many answers as the categorizer goes by."""
# What the categorizer's memory holds of an expense's merchant: by Plaid's id if anything was answered there, else by
# its words; without what was said about the expense itself.
REMEMBERED = text("""
    SELECT m.id, m.turn, m.expense_date, m.answered_at, c.slug AS category_slug, c.name AS category_name,
        c.cora_group AS category_group
    FROM expenses e
    CROSS JOIN LATERAL (
        (SELECT x.*, 0 AS turn FROM expenses x
        WHERE x.user_id = e.user_id AND x.merchant_entity_id = e.merchant_entity_id AND x.answered_at IS NOT NULL
            AND (x.amount < 0) = (e.amount < 0) AND x.id <> e.id
        ORDER BY x.answered_at DESC, x.transaction_id DESC LIMIT :most)
        UNION ALL
        (SELECT x.*, 1 AS turn FROM expenses x
        WHERE x.user_id = e.user_id AND x.merchant = nullif(e.merchant, '') AND x.answered_at IS NOT NULL
            AND (x.amount < 0) = (e.amount < 0) AND x.id <> e.id
        ORDER BY x.answered_at DESC, x.transaction_id DESC LIMIT :most)
    ) m
    JOIN expense_categories c ON c.slug = coalesce(m.user_category_id, m.reviewed_category)
    WHERE e.user_id = :user_id AND e.id = :id
    ORDER BY m.turn, m.answered_at DESC, m.transaction_id DESC
""")
PARTNERS = text("""
    WITH own AS (
        SELECT t.id, t.counterpart_id, t.purchase_id
        FROM expenses e JOIN plaid_transactions t ON t.id = e.transaction_id
        WHERE e.user_id = :user_id AND e.id = :id
    ), linked AS (
        SELECT counterpart_id AS id, 'counterpart' AS relation FROM own
        UNION ALL
        SELECT purchase_id, 'refund_of' FROM own
        UNION ALL
        SELECT t.id, 'refund' FROM own JOIN plaid_transactions t ON t.purchase_id = own.id
    )
    SELECT l.relation, x.id AS expense_id, coalesce(t.authorized_date, t.date) AS date, t.name AS description,
        t.merchant_name AS vendor, t.amount, t.iso_currency_code, t.unofficial_currency_code,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask
    FROM linked l
    JOIN plaid_transactions t ON t.id = l.id
    JOIN plaid_accounts a ON a.id = t.account_id
    JOIN plaid_integrations i ON i.id = t.integration_id AND i.user_id = :user_id
    LEFT JOIN expenses x ON x.transaction_id = t.id
    ORDER BY 3, t.id
""")
# As BANK has it, of the row as it was.
EARLIER = text("""
    SELECT t.integration_id, t.transaction_id, v.name, v.merchant_name, v.original_description, v.amount,
        v.iso_currency_code, v.unofficial_currency_code, v.date, v.authorized_date, v.datetime, v.authorized_datetime,
        v.payment_channel, v.check_number, v.pfc_primary, v.pfc_detailed, v.pfc_confidence, v.pfc_version, v.pending,
        v.pending_transaction_id, v.sync_status = 'removed' AS removed, v.version, t.created_at,
        v.told_at AS updated_at
    FROM plaid_transaction_versions v JOIN plaid_transactions t ON t.id = v.transaction_id
    WHERE v.transaction_id = :id ORDER BY v.version DESC
""")
ROW = text(f"{BANK} WHERE id = :id")
TWIN = text(f"{BANK} WHERE transaction_id = :transaction_id AND integration_id = :integration_id")


async def decision(session: AsyncSession, user_id: int, expense_id: int) -> RowMapping | None:
    """Return what we decided about the expense, or None unless it is this user's."""
    return (await session.execute(DECISION, {"user_id": user_id, "id": expense_id})).mappings().one_or_none()


async def remembered(session: AsyncSession, user_id: int, expense_id: int) -> list[RowMapping]:
    """Return the answers that the next decision about the expense's merchant goes by, newest first."""
    values = {"user_id": user_id, "id": expense_id, "most": MOST_REMEMBERED}
    rows = list((await session.execute(REMEMBERED, values)).mappings())
    return [row for row in rows if row["turn"] == rows[0]["turn"]]


async def partners(session: AsyncSession, user_id: int, expense_id: int) -> list[RowMapping]:
    """Return the other transactions that the expense has to do with, oldest first."""
    return list((await session.execute(PARTNERS, {"user_id": user_id, "id": expense_id})).mappings())


async def bank_row(session: AsyncSession, transaction_id: int) -> RowMapping:
    """Return the bank's row."""
    return (await session.execute(ROW, {"id": transaction_id})).mappings().one()


async def earlier(session: AsyncSession, transaction_id: int) -> list[RowMapping]:
    """Return the bank's row as it was before each change that is kept, newest first."""
    return list((await session.execute(EARLIER, {"id": transaction_id})).mappings())


async def pending_twin(session: AsyncSession, row: RowMapping) -> RowMapping | None:
    """Return the pending row that this one was posted from, if the bank ever showed us one."""
    twin = {"transaction_id": row["pending_transaction_id"], "integration_id": row["integration_id"]}
    return (await session.execute(TWIN, twin)).mappings().one_or_none()
