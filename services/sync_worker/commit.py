"""One pass becomes one transaction: rows, accounts, history and events; the fence has the last word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import CHUNK, SyncProgress, TransactionsChanged
from sync_worker.domain import plan, schedule
from sync_worker.domain.accounts import Account
from sync_worker.loop import Loop
from sync_worker.store import history, leases, rows
from sync_worker.store.leases import Leased


class LeaseLost(Exception):
    """Another worker took the item, or its state changed: whatever this pass found is not ours to write."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass brought home from Plaid, and where it began."""

    begun: RowMapping
    started: float
    loop: Loop
    accounts: Sequence[Account]


async def commit(session: AsyncSession, leased: Leased, done: Pass, max_silence: timedelta) -> history.Entry:
    """Write the pass in the caller's transaction and return its history; raises LeaseLost when it must not stand."""
    integration, pages = leased.integration_id, done.loop.pages
    await rows.upsert_accounts(session, integration, done.accounts)
    known_accounts = await rows.known_accounts(session, integration)
    changes = plan.place(plan.fold(pages), pages, known_accounts)
    todo = plan.plan(await rows.lock_known(session, integration, changes.ids), changes, pages)
    changed = await rows.write(session, integration, pages, todo)
    await rows.quarantine(session, integration, list(changes.unusable.values()))
    await rows.heal(session, integration, changes.ids)
    await _announce(session, leased, done, changed)
    entry = _entry(leased, done, todo)
    await history.record(session, entry)
    await _fence(session, leased, done, max_silence)
    return entry


async def _announce(session: AsyncSession, leased: Leased, done: Pass, changed: Sequence[int]) -> None:
    integration = leased.integration_id
    for start in range(0, len(changed), CHUNK):
        ids = list(changed[start : start + CHUNK])
        event = TransactionsChanged(integration_id=integration, transaction_ids=ids, rung_at=done.begun["rung_at"])
        await outbox.emit(session, event)
    progress = SyncProgress(
        user_id=leased.user_id,
        integration_id=integration,
        stage=done.loop.status,
        transactions=len(changed),
        done=True,
    )
    await outbox.emit(session, progress)


def _entry(leased: Leased, done: Pass, todo: plan.Plan) -> history.Entry:
    return history.Entry(
        integration_id=leased.integration_id,
        sync_type=schedule.sync_type(done.begun["cursor"], done.begun["transactions_update_status"]),
        trigger=leased.trigger,
        added=todo.added_count,
        modified=todo.modified_count,
        removed=len(todo.removed),
        pages=len(done.loop.pages),
        restarts=done.loop.restarts,
        milliseconds=round((perf_counter() - done.started) * 1000),
    )


async def _fence(session: AsyncSession, leased: Leased, done: Pass, max_silence: timedelta) -> None:
    status = done.loop.status
    moved = await leases.fence(
        session,
        leased,
        leases.Progress(
            cursor=done.begun["cursor"],
            next_cursor=done.loop.next_cursor or done.begun["cursor"],  # an empty cursor is no progress
            covers=done.begun["requested_seq"],
            update_status=status,
            oldest=min((page.oldest for page in done.loop.pages if page.oldest), default=None),
            accounts=done.accounts,
            pause=schedule.pause_after_success(status, leased.linked_at, datetime.now(UTC), max_silence),
        ),
    )
    if not moved:
        raise LeaseLost
