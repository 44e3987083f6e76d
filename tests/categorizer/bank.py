"""A bank's rows for tests: written as sync_worker and link_api would."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update

from common.database import Database
from common.events import TransactionsChanged
from common.tables.categorizer import expenses
from common.tables.link_api import plaid_integrations, users
from common.tables.sync_worker import plaid_accounts, plaid_transactions

LUNCH = {
    "amount": Decimal("12.3456789"),
    "iso_currency_code": "USD",
    "date": date(2026, 3, 2),
    "authorized_date": date(2026, 2, 28),
    "name": "CHIPOTLE 1234",
    "merchant_name": "Chipotle",
    "merchant_entity_id": None,
    "pfc_version": "v2",
    "pfc_primary": "FOOD_AND_DRINK",
    "pfc_detailed": "FOOD_AND_DRINK_FAST_FOOD",
    "pfc_confidence": "VERY_HIGH",
    "payment_channel": "in store",
    "pending": False,
    "content_hash": b"",
}


class Bank:
    """One user's login with a credit card."""

    def __init__(self, database: Database, user_id: int, integration_id: int, account_id: int) -> None:
        self._database = database
        self._numbers = count(1)
        self.user_id = user_id
        self.integration_id = integration_id
        self.account_id = account_id

    async def open(self, *, elsewhere: bool = False, **account: Any) -> "Bank":
        """Return the same user's bank with one more account, `elsewhere` at another login."""
        integration_id = self.integration_id
        async with self._database.transaction() as session:
            if elsewhere:
                item = {"user_id": self.user_id, "item_id": f"item-{uuid4()}", "days_requested": 730}
                linked = insert(plaid_integrations).values(item).returning(plaid_integrations.c.id)
                integration_id = (await session.execute(linked)).scalar_one()
            opened = {"integration_id": integration_id, "account_id": f"account-{uuid4()}", "name": "Account"}
            values = insert(plaid_accounts).values(opened | account).returning(plaid_accounts.c.id)
            account_id = (await session.execute(values)).scalar_one()
        bank = Bank(self._database, self.user_id, integration_id, account_id)
        if not elsewhere:
            bank._numbers = self._numbers
        return bank

    async def add(self, **different: Any) -> int:
        """Store a posted lunch on the card, but for what is `different`; return its id."""
        return (await self.add_many([different]))[0]

    async def add_many(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Store a transaction for each of these differences."""
        values = [
            LUNCH
            | {"integration_id": self.integration_id, "account_id": self.account_id}
            | {"transaction_id": f"{self.integration_id}-{next(self._numbers):08}"}
            | different
            for different in rows
        ]
        statement = insert(plaid_transactions).returning(plaid_transactions.c.id, sort_by_parameter_order=True)
        async with self._database.transaction() as session:
            return list((await session.execute(statement, values)).scalars())

    async def modify(self, id_: int, **different: Any) -> None:
        """Store a new version of a transaction."""
        version = {"version": plaid_transactions.c.version + 1}
        async with self._database.transaction() as session:
            await session.execute(
                update(plaid_transactions).where(plaid_transactions.c.id == id_).values(different | version)
            )

    async def remove(self, id_: int) -> None:
        """Turn a transaction into a tombstone."""
        await self.modify(id_, sync_status="removed")

    async def mute(self, *, enabled: bool = False) -> None:
        """Switch the account as its user does."""
        async with self._database.transaction() as session:
            await session.execute(
                update(plaid_accounts).where(plaid_accounts.c.id == self.account_id).values(enabled=enabled)
            )

    async def decide(self, id_: int, **decisions: Any) -> None:
        """Let the user decide about the transaction's expense."""
        async with self._database.transaction() as session:
            await session.execute(update(expenses).where(expenses.c.transaction_id == id_).values(decisions))

    def changed(self, *ids: int, rung_at: datetime | None = None) -> TransactionsChanged:
        """Return the event that says so."""
        return TransactionsChanged(
            integration_id=self.integration_id, transaction_ids=list(ids), rung_at=rung_at or datetime.now(UTC)
        )

    async def transactions(self) -> dict[int, Any]:
        """Return this bank's transactions by id."""
        query = select(plaid_transactions).where(plaid_transactions.c.integration_id == self.integration_id)
        async with self._database.transaction() as session:
            return {row.id: row for row in await session.execute(query)}

    async def expenses(self) -> list[Any]:
        """Return every expense of this bank's transactions, withdrawn ones too, in the transactions' order."""
        query = (
            select(expenses)
            .join(plaid_transactions, expenses.c.transaction_id == plaid_transactions.c.id)
            .where(plaid_transactions.c.integration_id == self.integration_id)
            .order_by(expenses.c.transaction_id)
        )
        async with self._database.transaction() as session:
            return list((await session.execute(query)).all())

    async def expense(self) -> Any:
        """Return the only expense there is, withdrawn or not."""
        (expense,) = await self.expenses()
        return expense


async def linked_bank(database: Database, user_id: int) -> Bank:
    """Return the bank that a new user just linked."""
    account = {"name": "Card", "type": "credit", "subtype": "credit card", "mask": "3333"}
    async with database.transaction() as session:
        await session.execute(insert(users).values(id=user_id))
        linked = insert(plaid_integrations).values(user_id=user_id, item_id=f"item-{user_id}", days_requested=730)
        integration_id = (await session.execute(linked.returning(plaid_integrations.c.id))).scalar_one()
        opened = insert(plaid_accounts).values(
            integration_id=integration_id, account_id=f"account-{user_id}", **account
        )
        account_id = (await session.execute(opened.returning(plaid_accounts.c.id))).scalar_one()
    return Bank(database, user_id, integration_id, account_id)
