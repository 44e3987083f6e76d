"""What follows from a user's answer.

Memory itself needs no learning: it is read from the answers. What it might have decided otherwise is decided anew.
"""

import structlog
from prometheus_client import Counter

from categorizer.redecisions import redecisions
from categorizer.store import partners, questions
from common import outbox
from common.consumer import Handlers
from common.database import Database
from common.events import ExpenseCorrected

log = structlog.get_logger(__name__)

REOPENED = Counter("questions_reopened_total", "Questions that are decided anew because their user answered another")


def handlers(database: Database) -> Handlers:
    """Return the handlers of the queue of answers."""

    async def on_expense_corrected(event: ExpenseCorrected) -> None:
        await learn(event, database)

    return {ExpenseCorrected: on_expense_corrected}


async def learn(event: ExpenseCorrected, database: Database) -> int:
    """Have open questions about the same merchants decided anew; return how many. Again, late or in any order: as well.

    So are decisions that nothing supports any more, because the last answer about their merchant was taken back. What
    was posted without a question stays as it is: only its user changes that, or the purchase that it gave back.
    """
    async with database.transaction() as session:
        await questions.await_decisions(session, event.user_id)
    async with database.transaction() as session:
        asked = await questions.forget(session, event.user_id, event.expense_ids)
        followers = await partners.followers(session, event.user_id, event.expense_ids)
        for redecision in redecisions([*asked, *followers]):
            await outbox.emit(session, redecision)
    REOPENED.inc(len(asked))
    if asked:
        log.info("questions.reopened", user_id=event.user_id, questions=len(asked))
    return len(asked)
