"""A user decides about expenses: stored, and told to whoever depends on it, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from prometheus_client import Counter
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from common import outbox
from common.events import CHUNK, ExpenseCorrected, ExpensesChanged, TransactionsChanged
from link_api.domain.decisions import Change, Standing
from link_api.store import categories, decisions

JUDGED = Counter(
    "expenses_judged_total",
    "Categories that we chose, by what their users' first answer says of them, and by the stage that chose",
    ["verdict", "source"],
)


async def decide(
    session: AsyncSession, user_id: int, standing: Iterable[Standing], changes: Mapping[str, Any]
) -> list[Change]:
    """Change the user's decisions about these locked expenses, and return what changed; nothing else is written.

    The categorizer is asked anew about those that become an expense or stop being one.
    """
    at = datetime.now(UTC)
    return await store(session, user_id, [Change(before, before.after(changes, at)) for before in standing])


async def store(session: AsyncSession, user_id: int, changes: Iterable[Change]) -> list[Change]:
    """Store what differs of these changes of locked expenses, and tell it; return that."""
    changed = [change for change in changes if change.after != change.before]
    if changed:
        await decisions.write(session, user_id, [change.after for change in changed])
        await _tell(session, user_id, changed)
        _judge(session, changed)
    return changed


def _judge(session: AsyncSession, changed: Sequence[Change]) -> None:
    """Count, once it is committed, what users say of our decisions."""
    verdicts = [(verdict, change.before.source) for change in changed if (verdict := change.verdict)]

    def count(_session: Session) -> None:
        for verdict, source in verdicts:
            JUDGED.labels(verdict, source).inc()

    event.listen(session.sync_session, "after_commit", count, once=True)


async def _tell(session: AsyncSession, user_id: int, changed: Sequence[Change]) -> None:
    seen = _chunks([change.after.expense_id for change in changed])
    corrected = _chunks([change.after.expense_id for change in changed if change.corrects])
    nonexpense = await categories.nonexpense(session)
    after = [change.after for change in changed if change.redecides(nonexpense)]
    await outbox.emit(
        session,
        *(ExpensesChanged(user_id=user_id, expense_ids=some) for some in seen),
        *(ExpenseCorrected(user_id=user_id, expense_ids=some) for some in corrected),
        *redecisions(((one.integration_id, one.transaction_id) for one in after), datetime.now(UTC)),
    )


def redecisions(transactions: Iterable[tuple[int, int]], at: datetime) -> Iterator[TransactionsChanged]:
    """Yield what asks the categorizer for these, each an integration's id and the transaction's."""
    for integration_id, group in groupby(sorted(transactions), key=itemgetter(0)):
        for some in _chunks([transaction_id for _, transaction_id in group]):
            yield TransactionsChanged(integration_id=integration_id, transaction_ids=some, rung_at=at)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
