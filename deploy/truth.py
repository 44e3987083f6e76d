"""Compares PostgreSQL with the stand-in's own truth: what is lost, what is there twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
from sqlalchemy import text

from common.database import Database

EXPENSE_KINDS = frozenset({"purchase", "refund", "fee", "interest"})

OURS = text("""
    SELECT t.transaction_id, t.amount, t.date, t.pending, t.iso_currency_code, t.unofficial_currency_code,
        e.expenses, e.expense_amount
    FROM plaid_integrations i JOIN plaid_transactions t ON t.integration_id = i.id,
        LATERAL (
            SELECT count(*) AS expenses, sum(amount) FILTER (
                WHERE user_id = i.user_id AND iso_currency_code IS NOT DISTINCT FROM t.iso_currency_code
                    AND unofficial_currency_code IS NOT DISTINCT FROM t.unofficial_currency_code
            ) AS expense_amount
            FROM expenses WHERE transaction_id = t.id AND withdrawn_at IS NULL
        ) e
    WHERE i.item_id = :item_id AND t.sync_status = 'synced'
""")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far PostgreSQL is from the truth; equal when both lists are empty."""

    transactions: int
    lost: Sequence[str]
    duplicated: Sequence[str]

    @property
    def equal(self) -> bool:
        """Whether nothing is lost and nothing is there twice."""
        return not self.lost and not self.duplicated


async def items(sandbox: httpx2.AsyncClient) -> list[str]:
    """Return the item_ids that the stand-in knows."""
    answer = await sandbox.get("/sandbox_control/items")
    return [item["item_id"] for item in answer.raise_for_status().json()["items"]]


async def compare(database: Database, sandbox: httpx2.AsyncClient, item_ids: Sequence[str]) -> Comparison:
    """Return what is lost and duplicated over these items: transactions, and the expenses that follow from them."""
    transactions, lost, duplicated = 0, list[str](), list[str]()
    for item_id in item_ids:
        answer = await sandbox.get(f"/sandbox_control/items/{item_id}/truth")
        truth = {row["transaction_id"]: row for row in answer.raise_for_status().json()["transactions"]}
        async with database.transaction() as session:
            found = (await session.execute(OURS, {"item_id": item_id})).mappings().all()
        ours = {row["transaction_id"]: row for row in found}
        transactions += len(ours)
        lost += [key for key, row in truth.items() if key not in ours or not _holds(row, ours[key])]
        duplicated += [key for key, row in ours.items() if key not in truth or _too_many(truth[key], row)]
    return Comparison(transactions, lost, duplicated)


def _is_expense(truth: dict[str, Any]) -> bool:
    return truth["kind"] in EXPENSE_KINDS and not truth["pending"] and Decimal(truth["amount"]) != 0


def _holds(truth: dict[str, Any], ours: Any) -> bool:
    same = (
        Decimal(truth["amount"]) == ours["amount"]
        and date.fromisoformat(truth["date"]) == ours["date"]
        and truth["pending"] == ours["pending"]
        and all(truth[name] == ours[name] for name in ("iso_currency_code", "unofficial_currency_code"))
    )
    return same and (not _is_expense(truth) or ours["expense_amount"] == ours["amount"])


def _too_many(truth: dict[str, Any], ours: Any) -> bool:
    return bool(ours["expenses"] > (1 if _is_expense(truth) else 0))
