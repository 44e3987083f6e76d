"""What the categorizer does with each event."""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from prometheus_client import Counter, Histogram

from categorizer.domain.case import Taught
from categorizer.domain.pipeline import Pipeline
from categorizer.domain.plan import Known, Posting, plan
from categorizer.store import expenses, memory, rules, transactions
from categorizer.store.transactions import Mark
from common import outbox
from common.consumer import Handlers
from common.database import Database
from common.events import CHUNK, ExpensesChanged, TransactionsChanged

log = structlog.get_logger(__name__)

LATENCY = Histogram(
    "webhook_to_expense_seconds",
    "From the doorbell to the commit of what it led to, of each message that decided something",
    buckets=(0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1, 2, 5, 10, 30, 60),
)
EXPENSES = Counter("expenses_total", "Expenses by outcome, and whether they wait for their user", ["outcome", "review"])


def handlers(database: Database, pipeline: Pipeline) -> Handlers:
    """Return the handlers of the categorizer's queue."""

    async def on_transactions_changed(event: TransactionsChanged) -> None:
        await decide(event, database, pipeline)

    return {TransactionsChanged: on_transactions_changed}


async def decide(event: TransactionsChanged, database: Database, pipeline: Pipeline) -> None:
    """Make the expenses of these transactions what they should be, in one transaction. Ids not of ours are ignored."""
    async with database.transaction() as session:
        user_id = await transactions.owner(session, event.integration_id)
        if user_id is None:
            return
        known = await transactions.lock(session, event.integration_id, event.transaction_ids)
        # Read behind the locks: who applies a rule takes them too, so what it asks for is decided by rules as new.
        merchants = {(pipeline.merchant(one.transaction), one.transaction.money_in) for one in known if not one.kept}
        answers = await memory.of_user(session, user_id, merchants)
        postings = plan(known, pipeline, Taught(await rules.of_user(session, user_id), answers))
        expense_ids = await expenses.post(session, user_id, postings)
        marks = _marks(known, expense_ids)
        await transactions.mark(session, marks)
        seen = [expense_ids[posting.draft.transaction_id] for posting in postings if posting.outcome != "unseen"]
        for start in range(0, len(seen), CHUNK):
            await outbox.emit(session, ExpensesChanged(user_id=user_id, expense_ids=seen[start : start + CHUNK]))
    if postings or marks:
        _observe(event, postings)
        log.info(
            "expenses.decided", integration_id=event.integration_id, transactions=len(marks), expenses=len(postings)
        )


def _marks(known: Sequence[Known], expense_ids: dict[int, int]) -> list[Mark]:
    """Return what the transactions do not know yet."""
    marks = []
    for one in known:
        expense_id = expense_ids.get(one.transaction.id, one.expense.id if one.expense else None)
        if (one.decided_version, one.linked_expense_id) != (one.version, expense_id):
            marks.append(Mark(one.transaction.id, one.version, expense_id))
    return marks


def _observe(event: TransactionsChanged, postings: Sequence[Posting]) -> None:
    LATENCY.observe(max(0.0, (datetime.now(UTC) - event.rung_at).total_seconds()))
    for posting in postings:
        EXPENSES.labels(posting.outcome, "yes" if posting.draft.decision.needs_review else "no").inc()
