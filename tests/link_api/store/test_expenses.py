"""Which index finds what a filter means, among many users."""

from datetime import date
from decimal import Decimal

import pytest

from link_api.domain.cursors import Cursor
from link_api.domain.filters import Filter
from link_api.store import expenses, reports, summaries
from tests.link_api.ledger import DAY, ledger
from tests.link_api.world import World

USERS = 40
MANY = """
    WITH people AS (INSERT INTO users (id) SELECT generate_series(100, 99 + :users) RETURNING id),
    banks AS (
        INSERT INTO plaid_integrations (user_id, item_id, days_requested)
        SELECT id, 'many ' || id, 730 FROM people RETURNING id, user_id
    ),
    accounts AS (
        INSERT INTO plaid_accounts (integration_id, account_id, name, type)
        SELECT id, 'many ' || id, 'Card', 'credit' FROM banks RETURNING id, integration_id
    ),
    rows AS (
        INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, date, name, pending,
            content_hash)
        SELECT a.integration_id, a.id, a.id || ' ' || n, n, CAST(:day AS date) - n, 'HOME DEPOT ' || n, false, ''
        FROM accounts a, generate_series(1, 700) n RETURNING id, integration_id, amount, date, name
    )
    INSERT INTO expenses (user_id, transaction_id, amount, description, expense_date, auto_category, confidence,
        source, reason, needs_review, pipeline_version)
    SELECT b.user_id, r.id, r.amount, r.name, r.date, 'fuel', 0.98, 'plaid_category', '', r.amount % 100 = 0, '1'
    FROM rows r JOIN banks b ON b.id = r.integration_id
"""
BY_DAY, QUESTIONS = "ix_expenses_user_id_expense_date_id", "ix_expenses_open_questions"
CASES = [
    (Filter(), BY_DAY),
    (Filter(first_day=date(2026, 9, 1), last_day=DAY), BY_DAY),
    (Filter(categories=("fuel", "meals")), BY_DAY),
    (Filter(text="depot"), BY_DAY),
    (Filter(min_amount=Decimal(10), max_amount=Decimal(20)), BY_DAY),
    (Filter(account_id=7), BY_DAY),
    (Filter(excluded=True), BY_DAY),
    (Filter(needs_review=True), QUESTIONS),
]


@pytest.fixture
async def crowd(live: World) -> World:
    """Some thousand expenses of forty users."""
    await ledger(live)
    await live.change(MANY, users=USERS, day=DAY)
    for table in ("expenses", "plaid_transactions", "plaid_accounts", "plaid_integrations"):
        await live.change(f"ANALYZE {table}")
    return live


async def test_no_list_reads_whole_tables(crowd: World) -> None:
    """Whatever the filter and wherever the page begins, one user's rows are found by an index, in order."""
    for filter_, index in CASES:
        for after in (None, Cursor(DAY, 10)):
            statement, values = expenses.listing(filter_, after)
            plan = "\n".join(
                row["QUERY PLAN"]
                for row in await crowd.rows(f"EXPLAIN {statement.text}", user_id=110, limit=50, **values)
            )
            assert index in plan, (filter_, plan)
            assert "Seq Scan on expenses" not in plan, (filter_, plan)
            assert "Seq Scan on plaid_transactions" not in plan, (filter_, plan)


async def test_no_sum_reads_whole_tables(crowd: World) -> None:
    """What one user spent is added up from that user's rows."""
    year = {"first_day": date(2026, 1, 1), "last_day": date(2026, 12, 31)}
    month, values = summaries.summing(Filter(date(2026, 1, 1), date(2026, 12, 31), account_id=7), summaries.MONTH)
    for statement, bound in ((reports.SHARES, year), (month, values)):
        plan = "\n".join(
            row["QUERY PLAN"] for row in await crowd.rows(f"EXPLAIN {statement.text}", user_id=110, **bound)
        )
        assert BY_DAY in plan, plan
        assert "Seq Scan on expenses" not in plan, plan
