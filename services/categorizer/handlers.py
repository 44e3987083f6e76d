"""What the categorizer does with each event."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.case import Taught
from categorizer.domain.partners import UNLINKED
from categorizer.domain.pipeline import Pipeline
from categorizer.domain.plan import Desk, Known, Posting
from categorizer.partnering import Settlement
from categorizer.redecisions import redecisions
from categorizer.store import memory, rules, transactions
from categorizer.store.transactions import Undecided
from common import outbox
from common.consumer import Handlers
from common.database import Database
from common.events import CHUNK, ExpensesChanged, TransactionsChanged

log = structlog.get_logger(__name__)

LATENCY = Histogram(
    "webhook_to_expense_seconds",
    "From the doorbell to the commit of what it led to, of each message that decided something",
    buckets=(0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1, 2, 5, 10, 30, 60, 300, 1_800),
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
        done = await settle(session, event, pipeline)
    if done and (done.settlement.postings or done.settlement.marks):
        _observe(event, done.settlement.postings)
        log.info(
            "expenses.decided",
            integration_id=event.integration_id,
            transactions=len(done.settlement.marks),
            expenses=len(done.settlement.postings),
            partners=len(done.settlement.others),
        )


class Done(NamedTuple):
    """What a message came to: the transactions as they stood, and what was written."""

    known: Sequence[Known]
    settlement: Settlement


async def settle(session: AsyncSession, event: TransactionsChanged, pipeline: Pipeline) -> Done | None:
    """Do in the caller's transaction what `decide` promises; return None where none of it is ours."""
    user_id = await transactions.owner(session, event.integration_id)
    if user_id is None:
        return None
    known = await transactions.lock(session, event.integration_id, event.transaction_ids)
    if not known:
        return None
    done = Settlement(session, user_id, await _desk(session, user_id, known, pipeline))
    await done.settle(known)
    await _tell(session, user_id, done, event.rung_at)
    return Done(known, done)


async def _desk(session: AsyncSession, user_id: int, known: Sequence[Known], pipeline: Pipeline) -> Desk:
    """Return the desk that decides about these, with all decided that needs no partners.

    What was taught is read behind the locks: who applies a rule takes them too, so what it asks for is decided by
    rules as new.
    """
    anew = [one for one in known if one.kept(pipeline.version) is None or one.links != UNLINKED]
    merchants = {one.transaction.id: pipeline.merchant(one.transaction) for one in anew}
    asked = {(merchants[one.transaction.id], one.transaction.money_in) for one in anew}
    answers = await memory.of_user(session, user_id, asked)
    desk = Desk(pipeline, Taught(await rules.of_user(session, user_id), answers), merchants)
    for one in known:
        if one.links == UNLINKED:
            desk.decision(one)
    return desk


async def _tell(session: AsyncSession, user_id: int, done: Settlement, at: datetime) -> None:
    """Emit which expenses changed as their user sees them, and which other transactions must be decided anew."""
    seen = [done.expense_ids[posting.draft.transaction_id] for posting in done.postings if posting.outcome != "unseen"]
    changed = (
        ExpensesChanged(user_id=user_id, expense_ids=seen[start : start + CHUNK])
        for start in range(0, len(seen), CHUNK)
    )
    again = redecisions([Undecided(id_, integration_id, at) for integration_id, id_ in done.others])
    await outbox.emit(session, *changed, *again)


def _observe(event: TransactionsChanged, postings: Sequence[Posting]) -> None:
    LATENCY.observe(max(0.0, (datetime.now(UTC) - event.rung_at).total_seconds()))
    for posting in postings:
        EXPENSES.labels(posting.outcome, "yes" if posting.draft.decision.needs_review else "no").inc()
