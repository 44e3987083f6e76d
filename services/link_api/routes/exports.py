"""Expenses as a spreadsheet."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import RowMapping

from common import money
from common.database import Database
from link_api.domain.csv_rows import BYTE_ORDER_MARK, lines, text
from link_api.domain.cursors import Cursor
from link_api.domain.filters import Filter
from link_api.filtering import FILTERED, Filtered, check
from link_api.parts import Use, User
from link_api.refusals import refusals
from link_api.store import expenses

router = APIRouter(prefix="/api/expenses.csv", tags=["reports"])

BATCH = 500
"""Rows that are in memory at once, of an export of any length."""
HEAD = (
    "Date", "Description", "Vendor", "Amount", "Currency", "Category", "Schedule C line", "Account",
    "Payment method", "Note", "Needs review", "Id",
)  # fmt: skip
CSV: dict[str, Any] = {
    "description": "RFC 4180, UTF-8 with a byte order mark",
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": f"{','.join(HEAD)}\r\n2026-11-20,HOME DEPOT 4411,Home Depot,45.90,USD,"
            'Materials & supplies (job),38 (Part III) or 22,Checking ••0000,"checking ••0000, in store",,no,4711\r\n',
        }
    },
    "headers": {"Content-Disposition": {"schema": {"type": "string"}, "description": "A file name with today's date"}},
}


@router.get("", response_class=StreamingResponse, responses=refusals(*FILTERED) | {200: CSV})
async def export_expenses(parts: Use, user: User, filtered: Filtered) -> StreamingResponse:
    """Download your expenses as CSV, newest first: the list's filters, all of its pages.

    Amounts are exact, refunds negative. An apostrophe stands before text that a spreadsheet would calculate. A
    download that breaks off is incomplete: ask again.
    """
    async with parts.database.transaction() as session:
        await check(session, user.user_id, filtered)
        first = await expenses.page(session, user.user_id, filtered, None, BATCH)
    name = f"expenses-{datetime.now(UTC).date().isoformat()}.csv"
    return StreamingResponse(
        _export(parts.database, user.user_id, filtered, first),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _export(database: Database, user_id: int, filtered: Filter, rows: Sequence[RowMapping]) -> AsyncIterator[str]:
    """Yield the file batch by batch; no transaction is open while the client takes its time."""
    yield BYTE_ORDER_MARK + lines([HEAD])
    while rows:
        yield lines(_cells(row) for row in rows)
        last = rows[-1]
        if len(rows) < BATCH:
            return
        async with database.transaction() as session:
            after = Cursor(last["expense_date"], last["id"])
            rows = await expenses.page(session, user_id, filtered, after, BATCH)


def _cells(row: RowMapping) -> Sequence[str]:
    account = f"{row['account_name']} ••{row['account_mask']}" if row["account_mask"] else row["account_name"]
    return (
        row["expense_date"].isoformat(),
        text(row["description"]),
        text(row["vendor"]),
        money.text(row["amount"], row["iso_currency_code"]),
        text(row["iso_currency_code"] or row["unofficial_currency_code"]),
        text(row["category_name"]),
        text(row["schedule_c_line"]),
        text(account),
        text(row["payment_method"]),
        text(row["note"]),
        "yes" if row["needs_review"] else "no",
        str(row["id"]),
    )
