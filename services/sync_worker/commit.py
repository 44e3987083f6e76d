"""One pass becomes one transaction: rows, accounts, history and events; the fence decides whether it stands."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random
from time import perf_counter

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import CHUNK, Event, SyncProgress, TransactionsChanged
from sync_worker.domain import notices, plan, schedule
from sync_worker.domain.accounts import Account, Census, Known, count, latest
from sync_worker.domain.notices import Kind, Telling
from sync_worker.domain.pages import Page, account_of
from sync_worker.domain.plan import Changes
from sync_worker.loop import Loop
from sync_worker.notify import notify
from sync_worker.store import accounts, fence, history, quarantine, rows
from sync_worker.store.leases import Leased


class LeaseLost(Exception):
    """Another worker took the item, or its state changed: whatever this pass found is not ours to write."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass brought home from Plaid, and where it began."""

    begun: RowMapping
    """Where it began, as `leases.begin_pass` says it."""
    started: float
    loop: Loop
    listed: Sequence[Account]
    """All accounts of the item; empty when Plaid could not list them now."""
    unreadable: frozenset[str] = frozenset()
    """Ids of accounts that Plaid lists in a form that we cannot use."""
    replayed: Page | None = None
    """What waited in quarantine, read again."""
    from_start: bool = False
    """The loop began without a cursor."""

    @property
    def pages(self) -> list[Page]:
        """All pages in the order in which they count: a later one wins."""
        return [*([self.replayed] if self.replayed else []), *self.loop.pages]

    @property
    def accounts(self) -> list[Account]:
        """The accounts as stated last."""
        return latest([*self.listed, *self.loop.accounts])

    @property
    def says_all(self) -> bool:
        """Whether what the loop does not name is gone."""
        return self.from_start and self.loop.status == schedule.COMPLETE and bool(self.listed)


@dataclass(frozen=True, slots=True)
class Written:
    """What a pass came to."""

    entry: history.Entry
    answered: bool
    """No doorbell rang meanwhile, and the item is let go."""


async def commit(session: AsyncSession, leased: Leased, done: Pass, max_silence: timedelta) -> Written:
    """Write the pass in the caller's transaction and return what it came to; raises LeaseLost when it must not stand.

    Rows are locked in the order that everybody keeps: accounts, transactions, the item, notifications.
    """
    integration, pages = leased.integration_id, done.pages
    known = await accounts.known(session, integration)
    census = _census(known, done)
    ours = await _store_accounts(session, integration, done, census)
    ours |= {one.account_id for one in known} - census.renamed.keys()
    changes = await _changes(session, integration, done, ours)
    todo = plan.plan(await rows.lock_known(session, integration, changes.ids), changes, pages)
    changed = await rows.write(session, integration, pages, todo)
    if done.begun["quarantined"]:
        await quarantine.end(session, integration, _over(changes, done, ours))
    await quarantine.put(session, integration, list(changes.unusable.values()))
    await _announce(session, leased, done, changed)
    entry = _entry(leased, done, todo)
    answered = await _fence(session, leased, done, max_silence, entry)
    await _tell(session, integration, done, census)
    return Written(entry, answered)


def _census(known: Sequence[Known], done: Pass) -> Census:
    """Return what became of the accounts that we know; nothing where Plaid did not list them all."""
    if not done.listed:
        return Census({}, frozenset(), frozenset())
    return count(known, done.accounts, done.unreadable.union(*(page.account_ids for page in done.loop.pages)))


async def _store_accounts(session: AsyncSession, integration: int, done: Pass, census: Census) -> set[str]:
    """Store accounts and balances, follow those that changed id, mark the lost; return the ids of what was stored."""
    await accounts.rename(session, integration, census)
    stored = await accounts.upsert(session, integration, done.accounts)
    await accounts.vanish(session, integration, census.vanished)
    return stored


async def _changes(session: AsyncSession, integration: int, done: Pass, ours: AbstractSet[str]) -> Changes:
    """Return what the pages say, but for what belongs to nobody's account; with what a whole reading leaves out."""
    changes = plan.place(plan.fold(done.pages), done.pages, ours)
    return plan.close(changes, await rows.standing(session, integration)) if done.says_all else changes


def _over(changes: Changes, done: Pass, ours: AbstractSet[str]) -> Callable[[str, str], bool]:
    """Return whether a quarantined transaction, by its id and raw text, arrived whole or is gone.

    A whole reading ends what it does not name, but says nothing of accounts of ours that Plaid names no more.
    """
    if not done.says_all:
        arrived = set(changes.ids)
        return lambda one, _raw: one in arrived
    closed = ours - {account.account_id for account in done.accounts}
    return lambda one, raw: one not in changes.unusable and account_of(raw) not in closed


async def _announce(session: AsyncSession, leased: Leased, done: Pass, changed: Sequence[int]) -> None:
    events: list[Event] = [
        TransactionsChanged(
            integration_id=leased.integration_id,
            transaction_ids=list(changed[start : start + CHUNK]),
            rung_at=done.begun["rung_at"],
        )
        for start in range(0, len(changed), CHUNK)
    ]
    progress = SyncProgress(
        user_id=leased.user_id,
        integration_id=leased.integration_id,
        stage=done.loop.status,
        transactions=len(changed),
        done=True,
    )
    await outbox.emit(session, *events, progress)


async def _tell(session: AsyncSession, integration: int, done: Pass, census: Census) -> None:
    """Tell the user of accounts that went or came back, of a stage that is reached, of trouble that is over."""
    of_account = frozenset({Kind.ACCOUNT_REVOKED})
    for ids, telling in (
        (census.vanished, Telling(told=of_account)),
        (census.returned, Telling(cleared=of_account)),
    ):
        for account_id in sorted(ids):
            await notify(session, integration, telling, account_id=account_id)
    await notify(session, integration, notices.on_stage(done.begun["transactions_update_status"], done.loop.status))
    if done.begun["told_of_trouble"]:
        await notify(session, integration, notices.SUCCESS)


def _entry(leased: Leased, done: Pass, todo: plan.Plan) -> history.Entry:
    return history.Entry(
        integration_id=leased.integration_id,
        sync_type=schedule.sync_type(None if done.from_start else "", done.begun["transactions_update_status"]),
        trigger=leased.trigger,
        rung_at=done.begun["rung_at"],
        added=todo.added_count,
        modified=len(todo.modified),
        removed=len(todo.removed),
        pages=len(done.loop.pages),
        restarts=done.loop.restarts,
        milliseconds=round((perf_counter() - done.started) * 1000),
    )


async def _fence(
    session: AsyncSession, leased: Leased, done: Pass, max_silence: timedelta, entry: history.Entry
) -> bool:
    status = done.loop.status
    pause = schedule.pause_after_success(status, leased.linked_at, datetime.now(UTC), max_silence, random())  # noqa: S311
    answered = await fence.move(
        session,
        leased,
        fence.Progress(
            cursor=done.begun["cursor"],
            next_cursor=done.loop.next_cursor or done.begun["cursor"],  # an empty cursor is no progress
            covers=done.begun["requested_seq"],
            begun_at=done.begun["begun_at"],
            update_status=status,
            oldest=min((page.oldest for page in done.pages if page.oldest), default=None),
            accounts=done.accounts,
            pause=pause if done.listed else min(pause, schedule.BALANCES_RETRY),
        ),
        entry,
    )
    if answered is None:
        raise LeaseLost
    return answered
