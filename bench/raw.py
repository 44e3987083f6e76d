"""What PostgreSQL takes when nobody reads, checks or decides: the same rows into the same tables with their indexes."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from bench.site import Site

BATCH = 500
PARENTS = ("users", "plaid_integrations", "plaid_accounts")
TRANSACTIONS, EXPENSES = "plaid_transactions", "expenses"
LATER = {"expense_id", "decided_version", "counterpart_id", "purchase_id"}
"""What the categorizer writes into the bank's rows; left at its default here."""
IDS = """
    SELECT t.id FROM plaid_transactions t JOIN plaid_integrations i ON i.id = t.integration_id
    WHERE i.user_id BETWEEN $1 AND $2 ORDER BY t.id
"""
COLUMNS = """
    SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows a second: one COPY of all, upserts of 500 with a commit each, and upserts with each row's expense beside."""

    copy: float
    upsert: float
    upsert_both: float


@dataclass(frozen=True, slots=True)
class Upsert:
    """One statement and its arrays, one a column."""

    statement: str
    columns: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be written: the rows that others refer to, all transactions for COPY, and both tables' batches."""

    number: int
    parents: Sequence[tuple[str, bytes]]
    copied: tuple[list[str], bytes]
    transactions: Sequence[Upsert]
    expenses: Sequence[Upsert]


async def measure(site: Site, source_url: str, users: range) -> Raw:
    """Write what these users have in one database into others, in each of the three ways."""
    rows = await _taken(source_url, users)
    columns, data = rows.copied
    both = list(zip(rows.transactions, rows.expenses, strict=True))

    async def copy(connection: Any) -> None:
        await connection.copy_to_table(TRANSACTIONS, source=io.BytesIO(data), columns=columns, format="binary")

    async def upsert(connection: Any) -> None:
        await _upsert(connection, ([one] for one in rows.transactions))

    async def upsert_both(connection: Any) -> None:
        await _upsert(connection, both)

    taken = [await _seconds(site, rows, way) for way in (copy, upsert, upsert_both)]
    return Raw(*(rows.number / seconds for seconds in taken))


async def _seconds(site: Site, rows: Rows, way: Any) -> float:
    """Return what one way takes in a database of its own."""
    async with site.databases.fresh() as url:
        connection = await asyncpg.connect(url)
        try:
            for table, data in rows.parents:
                await connection.copy_to_table(table, source=io.BytesIO(data), format="binary")
            began = perf_counter()
            await way(connection)
            return perf_counter() - began
        finally:
            await connection.close()


async def _upsert(connection: Any, commits: Iterable[Sequence[Upsert]]) -> None:
    for commit in commits:
        async with connection.transaction():
            for one in commit:
                await connection.execute(one.statement, *one.columns)


async def _taken(url: str, users: range) -> Rows:
    source = await asyncpg.connect(url)
    try:
        ids = [row["id"] for row in await source.fetch(IDS, users[0], users[-1])]
        batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
        names = [name for name, _ in await _columns(source, TRANSACTIONS)]
        every = f"SELECT {', '.join(names)} FROM {TRANSACTIONS} WHERE id = ANY($1)"
        return Rows(
            number=len(ids),
            parents=[(table, await _out(source, f"SELECT * FROM {table}")) for table in PARENTS],
            copied=(names, await _out(source, every, ids)),
            transactions=[await _upsert_of(source, TRANSACTIONS, "id", batch) for batch in batches],
            expenses=[await _upsert_of(source, EXPENSES, "transaction_id", batch) for batch in batches],
        )
    finally:
        await source.close()


async def _out(source: Any, query: str, *values: object) -> bytes:
    stream = io.BytesIO()
    await source.copy_from_query(query, *values, output=stream, format="binary")
    return stream.getvalue()


async def _columns(source: Any, table: str) -> list[tuple[str, str]]:
    found = await source.fetch(COLUMNS, table)
    return [(row["name"], row["type"]) for row in found if table == EXPENSES or row["name"] not in LATER]


async def _upsert_of(source: Any, table: str, key: str, batch: Sequence[int]) -> Upsert:
    """Return what writes these rows: an array of each column; what is an array or JSON itself goes as text."""
    columns = [(name, kind, kind.endswith("[]") or kind == "jsonb") for name, kind in await _columns(source, table)]
    read = ", ".join(f"{name}::text" if as_text else name for name, _, as_text in columns)
    rows = await source.fetch(f"SELECT {read} FROM {table} WHERE {key} = ANY($1) ORDER BY id", batch)
    names = ", ".join(name for name, _, _ in columns)
    given = ", ".join(f"{name}::{kind}" if as_text else name for name, kind, as_text in columns)
    arrays = ", ".join(f"${n}::{'text' if c[2] else c[1].partition('(')[0]}[]" for n, c in enumerate(columns, 1))
    kept = ", ".join(f"{name} = excluded.{name}" for name, _, _ in columns if name not in {"id", "transaction_id"})
    statement = (
        f"INSERT INTO {table} ({names}) SELECT {given} FROM unnest({arrays}) AS r({names})"
        f" ON CONFLICT (transaction_id) DO UPDATE SET {kept}"
    )
    return Upsert(statement, [[row[n] for row in rows] for n in range(len(columns))])
