"""The way that most integrations go: the SDK's models, one row at a time, an expense for each, a commit for each.

`python -m bench.naive` reads an order on standard input and prints its rate: rows a second.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import plaid
from plaid.api.plaid_api import PlaidApi
from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
from plaid.model.products import Products
from plaid.model.sandbox_public_token_create_request import SandboxPublicTokenCreateRequest
from plaid.model.sandbox_public_token_create_request_options import SandboxPublicTokenCreateRequestOptions
from plaid.model.transactions_sync_request import TransactionsSyncRequest

from bench.site import Site
from deploy.demo import INSTITUTION

ROWS = 500
"""Fewer than we import beside it: every row costs the same, so the rate is flat."""
GLANCE = 0.1
COMPLETE = "HISTORICAL_UPDATE_COMPLETE"
USER = "INSERT INTO users (id) VALUES (1)"
INTEGRATION = "INSERT INTO plaid_integrations (user_id, item_id, days_requested) VALUES (1, 'naive', 730) RETURNING id"
ACCOUNT = "INSERT INTO plaid_accounts (integration_id, account_id, name, type) VALUES ($1, $2, $3, $4) RETURNING id"
TRANSACTION = """
    INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, iso_currency_code, date, name,
        merchant_name, payment_channel, pfc_primary, pfc_detailed, pending, pending_transaction_id, content_hash)
    VALUES ($1, $2, $3, $4::text::numeric, $5, $6, $7, $8, $9, $10, $11, $12, $13, '')
    ON CONFLICT (transaction_id) DO UPDATE SET amount = excluded.amount, name = excluded.name RETURNING id
"""
EXPENSE = """
    INSERT INTO expenses (user_id, transaction_id, amount, iso_currency_code, description, vendor, expense_date,
        auto_category, confidence, source, reason, needs_review, pipeline_version)
    VALUES (1, $1, $2::text::numeric, $3, $4, $5, $6, 'other', 0.5, 'plaid_category', '', true, '1')
    ON CONFLICT (transaction_id) DO UPDATE SET amount = excluded.amount
"""


@dataclass(frozen=True, slots=True)
class Order:
    """Which bank to read, of how many rows, and where to write."""

    bank: str
    database_url: str
    rows: int


async def measure(site: Site, bank: str, rows: int = ROWS) -> float:
    """Return the rows a second of a process of its own, into a database of its own."""
    async with site.databases.fresh() as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate(json.dumps(asdict(Order(bank, url, rows))).encode())
    if process.returncode:
        raise RuntimeError(f"the naive way ended with {process.returncode}")
    return float(output)


def client(bank: str) -> PlaidApi:
    """Return the SDK's client as its documentation makes it."""
    keys = {"clientId": "client", "secret": "the-plaid-secret"}
    return PlaidApi(plaid.ApiClient(plaid.Configuration(host=bank, api_key=keys)))


def linked(api: PlaidApi, rows: int) -> str:
    """Link a bank of so many rows and return its access token once its history is read."""
    asked = SandboxPublicTokenCreateRequest(
        institution_id=INSTITUTION,
        initial_products=[Products("transactions")],
        options=SandboxPublicTokenCreateRequestOptions(
            override_username=f"user_business_{rows}",
            override_password="pass_good",  # noqa: S106 - the sandbox's own
        ),
    )
    public_token = api.sandbox_public_token_create(asked).public_token
    token: str = api.item_public_token_exchange(ItemPublicTokenExchangeRequest(public_token=public_token)).access_token
    while True:
        answer = api.transactions_sync(TransactionsSyncRequest(access_token=token, count=1))
        if str(answer.transactions_update_status.value) == COMPLETE:
            return token
        time.sleep(GLANCE)


def transactions(api: PlaidApi, token: str) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield the accounts and transactions of each page, as the SDK's models."""
    cursor, more = "", True
    while more:
        page = api.transactions_sync(TransactionsSyncRequest(access_token=token, cursor=cursor, count=500))
        yield page.accounts, page.added
        cursor, more = page.next_cursor, page.has_more


async def run(order: Order) -> float:
    """Import everything and return the rows a second."""
    api = client(order.bank)
    token = linked(api, order.rows)
    connection = await asyncpg.connect(order.database_url)
    try:
        await connection.execute(USER)
        integration, accounts, done = await connection.fetchval(INTEGRATION), dict[str, int](), 0
        began = time.perf_counter()
        for listed, added in transactions(api, token):
            for one in listed:
                if one.account_id not in accounts:
                    values = (integration, one.account_id, one.name, str(one.type.value))
                    accounts[one.account_id] = await connection.fetchval(ACCOUNT, *values)
            for row in added:
                await _store(connection, integration, accounts[row.account_id], row)
            done += len(added)
        return done / (time.perf_counter() - began)
    finally:
        await connection.close()


async def _store(connection: Any, integration: int, account: int, row: Any) -> None:
    category = row.get("personal_finance_category")
    id_ = await connection.fetchval(
        TRANSACTION,
        integration,
        account,
        row.transaction_id,
        str(row.amount),
        row.iso_currency_code,
        row.date,
        row.name,
        row.get("merchant_name"),
        row.payment_channel,
        category and category.primary,
        category and category.detailed,
        row.pending,
        row.pending_transaction_id,
    )
    if row.amount > 0 and not row.pending:
        values = (str(row.amount), row.iso_currency_code, row.name, row.get("merchant_name"), row.date)
        await connection.execute(EXPENSE, id_, *values)


if __name__ == "__main__":
    print(asyncio.run(run(Order(**json.load(sys.stdin)))))  # noqa: T201 - its answer
