import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.cursors import Cursor
from link_api.domain.filters import Filter
from link_api.routes import exports
from link_api.store import expenses
from tests.link_api.ledger import DAY, Ledger, ledger
from tests.link_api.world import Json, World

CSV = "/api/expenses.csv"
MANY = """
    WITH rows AS (
        INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, date, name, pending,
            content_hash)
        SELECT :integration_id, :account_id, 'many ' || n, n, CAST(:day AS date) - n / 7, 'ROW ' || n, false, ''
        FROM generate_series(1, :count) n RETURNING id, amount, date, name
    )
    INSERT INTO expenses (user_id, transaction_id, amount, iso_currency_code, description, expense_date, auto_category,
        confidence, source, reason, needs_review, pipeline_version)
    SELECT :user_id, id, amount, 'USD', name, date, 'fuel', 0.98, 'plaid_category', '', false, '1' FROM rows
"""


async def many(book: Ledger, count: int) -> None:
    """Store so many expenses, seven a day."""
    whose = {"user_id": book.user_id, "integration_id": book.integration_id, "account_id": book.account_id}
    await book.live.change(MANY, count=count, day=DAY, **whose)


def read(text: str) -> list[dict[str, str]]:
    """Return the rows as a reader of RFC 4180 sees them."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def export(live: World, user_id: int = 1, **query: Any) -> list[dict[str, str]]:
    answer = await live.get(CSV, user_id, **query)
    assert answer.status_code == 200, answer.text
    return read(answer.content.decode("utf-8-sig"))


async def test_a_file_that_a_spreadsheet_opens(live: World) -> None:
    """UTF-8 with a mark that says so, CRLF, a head, a file name with the day; nothing that would be calculated."""
    book = await ledger(live)
    id_ = await book.expense("-10.021521")
    await live.change(
        "UPDATE expenses SET description = :said, vendor = :vendor, note = :note, payment_method = 'checking ••0000'",
        said="=cmd|' /C calc'!A0", vendor='Ü "quoted", 数', note="-1+1\nsecond line",
    )  # fmt: skip
    answer = await live.get(CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    today = datetime.now(UTC).date().isoformat()
    assert answer.headers["content-disposition"] == f'attachment; filename="expenses-{today}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbfDate,Description,Vendor,Amount,")
    assert answer.content.endswith(b"\r\n")
    assert read(answer.content.decode("utf-8-sig")) == [
        {
            "Date": "2026-11-20",
            "Description": "'=cmd|' /C calc'!A0",
            "Vendor": 'Ü "quoted", 数',
            "Amount": "-10.021521",
            "Currency": "USD",
            "Category": "Materials & supplies (job)",
            "Schedule C line": "38 (Part III) or 22",
            "Account": "Checking ••0000",
            "Payment method": "checking ••0000",
            "Note": "'-1+1\nsecond line",
            "Needs review": "no",
            "Id": str(id_),
        }
    ]


@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_an_export_is_the_whole_list(live: World, monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    """However many batches it takes, each expense is in it once, in the list's order; no read is of more than one."""
    await many(await ledger(live), 2 * exports.BATCH + more)
    truly, sizes = expenses.page, []

    async def measured(
        session: AsyncSession, user_id: int, filter_: Filter, after: Cursor | None, limit: int
    ) -> Sequence[RowMapping]:
        rows = await truly(session, user_id, filter_, after, limit)
        sizes.append(len(rows))
        return rows

    monkeypatch.setattr(expenses, "page", measured)
    exported = await export(live)
    stored = await live.rows("SELECT id FROM expenses ORDER BY expense_date DESC, id DESC")
    assert [row["Id"] for row in exported] == [str(row["id"]) for row in stored]
    assert max(sizes) == exports.BATCH


async def test_an_export_has_the_lists_filters(live: World) -> None:
    """What the list shows of a filter is what is exported of it; of nothing only the head."""
    book = await ledger(live)
    await many(book, 30)
    queries: list[Json] = [
        {"q": "row 1"},
        {"min_amount": "7", "max_amount": "9"},
        {"from": "2026-11-19"},
        {"category": "meals"},
    ]
    for query in queries:
        listed = (await live.get("/api/expenses", limit=200, **query)).json()["items"]
        assert [row["Id"] for row in await export(live, **query)] == [str(item["id"]) for item in listed]
    refused: list[tuple[Json, int]] = [({"category": "nonsense"}, 422), ({"account": "0"}, 404), ({"from": "x"}, 422)]
    for query, status in refused:
        assert (await live.get(CSV, **query)).status_code == status


async def test_nobody_exports_anothers_expenses(live: World) -> None:
    """A file is of the caller alone."""
    await (await ledger(live, 2)).expense()
    mine = await (await ledger(live, 1)).expense()
    assert [row["Id"] for row in await export(live)] == [str(mine)]


async def test_a_long_export_holds_one_batch_and_no_transaction(live: World) -> None:
    """It is read as it is sent: a row that comes meanwhile is in it, and while a client is slow nothing stays open."""
    book = await ledger(live)
    await many(book, 2 * exports.BATCH)
    async with live.database.transaction() as session:
        first = await expenses.page(session, 1, Filter(), None, exports.BATCH)
    sending = exports._export(live.database, 1, Filter(), first)
    sent = [await anext(sending), await anext(sending)]
    idle = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    assert await live.rows(idle) == []
    newcomer = await book.expense(day=DAY.replace(year=2020))
    sent += [piece async for piece in sending]
    exported = read("".join(sent).removeprefix("\ufeff"))
    assert len(exported) == 2 * exports.BATCH + 1
    assert exported[-1]["Id"] == str(newcomer)
    assert max(piece.count("\r\n") for piece in sent) <= exports.BATCH


async def test_an_export_that_breaks_off_is_no_whole_file(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database is lost halfway, the client sees a broken download, never a shorter file."""
    await many(await ledger(live), exports.BATCH + 1)
    truly = expenses.page

    async def lost(
        session: AsyncSession, user_id: int, filter_: Filter, after: object, limit: int
    ) -> Sequence[RowMapping]:
        if after is not None:
            raise ConnectionError
        return await truly(session, user_id, filter_, None, limit)

    monkeypatch.setattr(expenses, "page", lost)
    with pytest.raises(httpx2.RemoteProtocolError):
        await live.get(CSV)
