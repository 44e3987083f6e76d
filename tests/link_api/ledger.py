"""Rows as sync_worker and categorizer leave them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count

from tests.link_api.world import World

NUMBERS = count(1)
DAY = date(2026, 11, 20)

INTEGRATION = """
    INSERT INTO plaid_integrations (user_id, item_id, access_token, institution_id, institution_name, days_requested)
    VALUES (:user_id, :item_id, 'sealed', 'ins_1', 'A Bank', 730) RETURNING id
"""
ACCOUNT = """
    INSERT INTO plaid_accounts (integration_id, account_id, name, type, subtype, mask)
    VALUES (:integration_id, :account_id, 'Checking', 'depository', 'checking', '0000') RETURNING id
"""
TRANSACTION = """
    INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, iso_currency_code,
        unofficial_currency_code, date, name, pending, content_hash)
    VALUES (:integration_id, :account_id, :transaction_id, :amount, :iso, :unofficial, :day, 'HOME DEPOT 4411',
        :pending, '') RETURNING id
"""
EXPENSE = """
    INSERT INTO expenses (user_id, transaction_id, amount, iso_currency_code, unofficial_currency_code, description,
        expense_date, auto_category, confidence, source, reason, needs_review, pipeline_version)
    VALUES (:user_id, :transaction_id, :amount, :iso, :unofficial, 'HOME DEPOT 4411', :day, :category, 0.98,
        'plaid_category', 'Plaid says so', false, '1') RETURNING id
"""
NOTIFICATION = """
    INSERT INTO notifications (user_id, integration_id, account_id, kind)
    VALUES (:user_id, :integration_id, :account_id, :kind) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """One account of one user, to post on."""

    live: World
    user_id: int
    integration_id: int
    account_id: int

    async def transaction(
        self, amount: str = "45.90", day: date = DAY, *, iso: str | None = "USD", pending: bool = False
    ) -> int:
        """Store a transaction and return its id; without an ISO code its currency is BTC."""
        return await _insert(
            self.live,
            TRANSACTION,
            integration_id=self.integration_id,
            account_id=self.account_id,
            transaction_id=f"transaction-{next(NUMBERS)}",
            amount=Decimal(amount),
            iso=iso,
            unofficial=None if iso else "BTC",
            day=day,
            pending=pending,
        )

    async def expense(
        self, amount: str = "45.90", day: date = DAY, *, category: str = "materials", iso: str | None = "USD"
    ) -> int:
        """Store a posted transaction and its expense; return the expense's id."""
        return await _insert(
            self.live,
            EXPENSE,
            user_id=self.user_id,
            transaction_id=await self.transaction(amount, day, iso=iso),
            amount=Decimal(amount),
            iso=iso,
            unofficial=None if iso else "BTC",
            day=day,
            category=category,
        )

    async def notification(self, kind: str = "login_required", *, account_id: int | None = None) -> int:
        """Let a notification stand and return its id."""
        values = {"user_id": self.user_id, "integration_id": self.integration_id, "account_id": account_id}
        return await _insert(self.live, NOTIFICATION, kind=kind, **values)


async def ledger(live: World, user_id: int = 1) -> Ledger:
    """Return an account to post on; the user is made by a first call."""
    assert (await live.get("/api/plaid/accounts", user_id)).status_code == 200
    number = next(NUMBERS)
    integration_id = await _insert(live, INTEGRATION, user_id=user_id, item_id=f"item-{number}")
    account_id = await _insert(live, ACCOUNT, integration_id=integration_id, account_id=f"account-{number}")
    return Ledger(live, user_id, integration_id, account_id)


async def _insert(live: World, sql: str, **values: object) -> int:
    [row] = await live.rows(sql, **values)
    return int(row["id"])
