"""A million expenses in one database: the first user has twenty thousand, a thousand others share the rest."""

from typing import Any

import asyncpg  # type: ignore[import-untyped]

USERS = 1_000
OF_FIRST = 20_000
FILL = """
    WITH people AS (INSERT INTO users (id) SELECT generate_series(1, $1::int) RETURNING id),
    banks AS (
        INSERT INTO plaid_integrations (user_id, item_id, days_requested)
        SELECT id, 'many ' || id, 730 FROM people RETURNING id, user_id
    ),
    accounts AS (
        INSERT INTO plaid_accounts (integration_id, account_id, name, type)
        SELECT id, 'many ' || id, 'Card', 'credit' FROM banks RETURNING id, integration_id
    ),
    rows AS (
        INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, iso_currency_code, date,
            name, merchant_name, pending, content_hash, decided_version)
        SELECT a.integration_id, a.id, a.id || ' ' || n, 1 + n % 997 + 0.25, 'USD', DATE '2026-11-20' - n % 730,
            'SHOP ' || n % 400, 'Shop ' || n % 400, false, '', 1
        FROM accounts a JOIN banks b ON b.id = a.integration_id,
            generate_series(1, CASE b.user_id WHEN 1 THEN $2::int ELSE ($3::int - $2::int) / ($1::int - 1) END) n
        RETURNING id, integration_id, amount, date, name, merchant_name
    )
    INSERT INTO expenses (user_id, transaction_id, amount, iso_currency_code, description, vendor, merchant,
        expense_date, auto_category, confidence, source, reason, needs_review, pipeline_version)
    SELECT b.user_id, r.id, r.amount, 'USD', r.name, r.merchant_name, lower(r.merchant_name), r.date,
        (ARRAY['fuel', 'meals', 'materials', 'software'])[1 + r.id % 4], 0.98, 'plaid_category', '', r.id % 50 = 0, '1'
    FROM rows r JOIN banks b ON b.id = r.integration_id
"""
TABLES = ("users", "plaid_integrations", "plaid_accounts", "plaid_transactions", "expenses")


async def fill(url: str, expenses: int, *, users: int = USERS, of_first: int = OF_FIRST) -> None:
    """Fill an empty database with so many expenses and let PostgreSQL look at them."""
    connection: Any = await asyncpg.connect(url)
    try:
        await connection.execute(FILL, users, of_first, expenses)
        for table in TABLES:
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()
