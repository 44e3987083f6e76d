"""From the bank to the expense in one process: what sync_worker announces, the categorizer decides."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping

from categorizer import data
from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from common.events import TransactionsChanged
from tests.sync_worker.world import Linked, World

EXPENSES = """
    SELECT e.*, t.transaction_id AS plaids_id, a.account_id AS plaids_account FROM expenses e
        JOIN plaid_transactions t ON t.id = e.transaction_id JOIN plaid_accounts a ON a.id = t.account_id
    WHERE t.integration_id = :id AND e.withdrawn_at IS NULL ORDER BY e.id
"""
DECIDE = """
    UPDATE expenses SET user_category_id = 'travel', note = 'with Ann', excluded = true
    WHERE id = :id
"""


@dataclass(frozen=True, slots=True)
class Chain:
    """A world whose transactions become expenses."""

    world: World
    pipeline: Pipeline = field(default_factory=data.pipeline)

    async def link(self, username: str = "user_good", *, days: int = 10) -> Linked:
        """Link a bank, sync, and decide."""
        item = await self.world.synced(username, days=days)
        await self.settle()
        return item

    async def sync(self, item: Linked) -> None:
        """Hear of news, sync, and decide."""
        await self.world.worker.hear(item.item_id)
        await self.settle()

    async def settle(self) -> None:
        """Decide about all that was announced."""
        events = self.world.worker.events(TransactionsChanged)
        self.world.worker.emitted.clear()
        for event in events:
            await decide(event, self.world.worker.database, self.pipeline)

    async def expenses(self, item: Linked, **like: Any) -> list[RowMapping]:
        """Return the expenses that stand, of those that look so."""
        rows = await self.world.rows(EXPENSES, id=item.id)
        return [row for row in rows if all(row[name] == value for name, value in like.items())]

    async def user_decides(self, expense: RowMapping) -> None:
        """Let the user categorise, note and exclude, as link_api stores it."""
        await self.world.rows(DECIDE, id=expense["id"])


def decided(expense: RowMapping) -> bool:
    """Return whether all that the user decided is still there."""
    return (expense["user_category_id"], expense["note"], expense["excluded"]) == ("travel", "with Ann", True)
