"""A user with a card at one bank and a checking and a savings account at another, and the post between services."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.learning import learn
from common.broker import Message
from common.database import Database
from common.events import ExpenseCorrected, TransactionsChanged
from tests.categorizer.bank import Bank

UNCLEAR = {"name": "XJKQ 88", "merchant_name": None, "pfc_primary": None, "pfc_detailed": None, "pfc_confidence": None}
"""A line that says nothing to anybody: alone it is a question about an expense."""
MOVED_OUT = UNCLEAR | {"pfc_primary": "TRANSFER_OUT", "pfc_detailed": "TRANSFER_OUT_OTHER_TRANSFER_OUT"}
MOVED_IN = UNCLEAR | {
    "pfc_primary": "TRANSFER_IN",
    "pfc_detailed": "TRANSFER_IN_ACCOUNT_TRANSFER",
    "pfc_confidence": "VERY_HIGH",
}


class Household:
    """Three accounts of one user. What is emitted waits in `post` until it is delivered."""

    def __init__(self, database: Database, pipeline: Pipeline, card: Bank, checking: Bank, savings: Bank) -> None:
        self.database = database
        self.pipeline = pipeline
        self.card, self.checking, self.savings = card, checking, savings
        self.post: list[Message] = []
        database.after_commit = self.post.extend

    async def changed(self, bank: Bank, *ids: int) -> None:
        """Tell of changed rows, and of all that follows from it, until nothing does."""
        await decide(bank.changed(*ids), self.database, self.pipeline)
        await self.deliver()

    async def deliver(self) -> int:
        """Handle what was emitted, and what is emitted meanwhile; return how many asked for a decision."""
        asked = 0
        while self.post:
            message = self.post.pop(0)
            if message.type == TransactionsChanged.type:
                asked += 1
                assert asked < 100, "they ring for each other for ever"
                await decide(TransactionsChanged.model_validate_json(message.body), self.database, self.pipeline)
        return asked

    async def corrected(self, bank: Bank, id_: int, category: str | None) -> None:
        """Let the user choose a category, as link_api stores and tells it."""
        await bank.decide(id_, user_category_id=category)
        (expense,) = [one for one in await bank.expenses() if one.transaction_id == id_]
        await learn(ExpenseCorrected(user_id=bank.user_id, expense_ids=[expense.id]), self.database)
        await self.changed(bank, id_)

    async def links(self) -> dict[int, tuple[int | None, int | None]]:
        """Return the counterpart and the purchase of every transaction that has one."""
        rows = await self.rows()
        found = {id_: (row.counterpart_id, row.purchase_id) for id_, row in rows.items()}
        return {id_: links for id_, links in found.items() if links != (None, None)}

    async def pairs(self) -> set[tuple[int, int]]:
        """Return the pairs, lower id first; both ends must agree."""
        linked = {id_: counterpart for id_, (counterpart, _) in (await self.links()).items() if counterpart}
        assert all(linked.get(other) == id_ for id_, other in linked.items()), linked
        return {(id_, other) for id_, other in linked.items() if id_ < other}

    async def rows(self) -> dict[int, Any]:
        """Return all transactions."""
        return await self.card.transactions() | await self.checking.transactions()

    async def live(self) -> dict[int, Any]:
        """Return the expenses that stand, by transaction."""
        every = [*await self.card.expenses(), *await self.checking.expenses()]
        return {one.transaction_id: one for one in every if one.withdrawn_at is None}


async def household(database: Database, pipeline: Pipeline, card: Bank) -> Household:
    """Return the household of the card's user."""
    checking = await card.open(elsewhere=True, type="depository", subtype="checking", mask="0000")
    savings = await checking.open(type="depository", subtype="savings", mask="1111")
    return Household(database, pipeline, card, checking, savings)


def money(*amounts: str) -> Sequence[Decimal]:
    """Return exact amounts."""
    return [Decimal(amount) for amount in amounts]
