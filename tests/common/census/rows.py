"""Rows as the services leave them, for whoever counts them."""

from typing import Any

from sqlalchemy import CursorResult, RowMapping, text

from common.database import Database

USER = "INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING"
ITEM = """
    INSERT INTO plaid_integrations (user_id, item_id, access_token, days_requested, {names})
    VALUES (1, 'item ' || nextval('plaid_integrations_id_seq'), 'sealed', 730, {values})
    RETURNING id
"""
ACCOUNT = """
    INSERT INTO plaid_accounts (integration_id, account_id, name, type)
    VALUES (CAST(:item AS integer), 'account ' || CAST(:item AS integer), 'A', 'credit')
    RETURNING id
"""
TRANSACTION = """
    INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, date, name, pending,
        content_hash, decided_version, updated_at)
    SELECT integration_id, id, gen_random_uuid(), 1, now(), 'Coffee', false, '', :decided,
        now() - CAST(CAST(:age AS text) AS interval)
    FROM plaid_accounts WHERE integration_id = :item
    RETURNING id
"""
EXPENSE = """
    INSERT INTO expenses (user_id, transaction_id, amount, description, expense_date, auto_category, confidence, source,
        reason, needs_review, pipeline_version, withdrawn_at, reviewed_at)
    VALUES (1, :transaction, 1, 'Coffee', now(), 'meals', 0.9, 'lexicon', 'because', :asks, '1',
        CASE WHEN :withdrawn THEN now() END, CASE WHEN :reviewed THEN now() END)
    RETURNING id
"""


class Rows:
    """A database that a test fills."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def run(self, statement: str, **values: Any) -> list[RowMapping]:
        """Execute it in a transaction of its own."""
        async with self.database.transaction() as session:
            found = await session.execute(text(statement), values)
            return list(found.mappings()) if isinstance(found, CursorResult) and found.returns_rows else []

    async def item(self, **columns: str) -> int:
        """Add an item, its columns given as SQL."""
        await self.run(USER)
        columns = {"next_sync_at": "now() + interval '1 hour'"} | columns
        names, values = ", ".join(columns), ", ".join(columns.values())
        return int((await self.run(ITEM.format(names=names, values=values)))[0]["id"])

    async def transaction(self, item: int, *, decided: int = 0, age: str = "0 s") -> int:
        """Add a transaction of an item's one account, whose version is 1."""
        if not await self.run("SELECT id FROM plaid_accounts WHERE integration_id = :item", item=item):
            await self.run(ACCOUNT, item=item)
        return int((await self.run(TRANSACTION, item=item, decided=decided, age=age))[0]["id"])

    async def expense(
        self, transaction: int, *, asks: bool = False, withdrawn: bool = False, reviewed: bool = False
    ) -> int:
        """Add the transaction's expense."""
        values = {"transaction": transaction, "asks": asks, "withdrawn": withdrawn, "reviewed": reviewed}
        return int((await self.run(EXPENSE, **values))[0]["id"])
