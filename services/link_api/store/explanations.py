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
ROW = text(f"{BANK} WHERE id = :id")
TWIN = text(f"{BANK} WHERE transaction_id = :transaction_id AND integration_id = :integration_id")


async def decision(session: AsyncSession, user_id: int, expense_id: int) -> RowMapping | None:
    """Return what we decided about the expense, or None unless it is this user's."""
    return (await session.execute(DECISION, {"user_id": user_id, "id": expense_id})).mappings().one_or_none()


async def bank_row(session: AsyncSession, transaction_id: int) -> RowMapping:
    """Return the bank's row."""
    return (await session.execute(ROW, {"id": transaction_id})).mappings().one()


async def pending_twin(session: AsyncSession, row: RowMapping) -> RowMapping | None:
    """Return the pending row that this one was posted from, if the bank ever showed us one."""
    twin = {"transaction_id": row["pending_transaction_id"], "integration_id": row["integration_id"]}
    return (await session.execute(TWIN, twin)).mappings().one_or_none()
