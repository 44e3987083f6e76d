"""One sync of one item: lease, then passes of fetch → decide → commit until every doorbell is answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random
from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from pydantic import SecretStr
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.database import Database
from common.events import CHUNK, StatusChanged, SyncProgress, TransactionsChanged
from common.plaid import ItemGone, OperatorMustAct, PlaidClient, PlaidError, UserMustAct
from common.sealing import Unsealable, Vault
from sync_worker import loop
from sync_worker.domain import plan, schedule
from sync_worker.domain.failure import Failure
from sync_worker.domain.pages import Json, Page
from sync_worker.store import history, leases, rows
from sync_worker.store.integrations import Doorbell
from sync_worker.store.leases import Leased

log = structlog.get_logger(__name__)

SYNCS = Counter("syncs_total", "Syncs by type and result", ["sync_type", "result"])
SECONDS = Histogram(
    "sync_seconds", "From lease to commit of one pass", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
)

MOST_PASSES = 5
HEARTBEAT = 10.0


class LeaseLost(Exception):
    """Another worker took the item, or its state changed: whatever this pass found is not ours to write."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a pass brought home from Plaid."""

    pages: loop.Loop
    accounts: Sequence[Json]


class Sync:
    """Answers doorbells. At most one worker syncs an item at a time; one that lost its lease cannot commit."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault, max_silence: timedelta) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._max_silence = max_silence

    async def answer(self, bell: Doorbell) -> None:
        """Return once a sync that began after this doorbell is committed, failed on record, or another's duty."""
        async with self._database.transaction() as session:
            leased = await leases.acquire(session, bell, uuid4())
        if leased is None:
            return
        with structlog.contextvars.bound_contextvars(integration_id=leased.integration_id):
            try:
                async with self._heartbeat(leased):
                    await self._passes(leased)
            except LeaseLost:
                log.info("sync.lease_lost")
            except (PlaidError, Unsealable) as error:
                await self._fail(leased, error)
            except BaseException:  # a crash of ours, or shutdown: whoever gets the message again may start at once
                async with self._database.transaction() as session:
                    await leases.release(session, leased, give_up=True)
                raise

    async def _passes(self, leased: Leased) -> None:
        for _ in range(MOST_PASSES):
            await self._pass(leased)
            async with self._database.transaction() as session:
                if await leases.release(session, leased):
                    return
        async with self._database.transaction() as session:  # rung without end: let others have a turn, the sweep rings
            await leases.release(session, leased, give_up=True)

    @asynccontextmanager
    async def _heartbeat(self, leased: Leased) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                await asyncio.sleep(HEARTBEAT)
                async with self._database.transaction() as session:
                    if not await leases.extend(session, leased):
                        return  # the fence refuses the commit

        heart = asyncio.create_task(beat())
        try:
            yield
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)

    async def _pass(self, leased: Leased) -> None:
        started = perf_counter()
        async with self._database.transaction() as session:
            begun = await leases.begin_pass(session, leased)
        if begun is None:
            raise LeaseLost
        fetched = await self._fetch(leased, begun)
        async with self._database.transaction() as session:
            written = await self._commit(session, leased, begun, fetched, started)
        SECONDS.observe(perf_counter() - started)
        SYNCS.labels(written.sync_type, "ok").inc()
        log.info("sync.done", **written.counts())

    async def _fetch(self, leased: Leased, begun: RowMapping) -> Fetched:
        token = self._vault.open(leased.access_token)

        async def on_page(pages: Sequence[Page]) -> None:
            await self._progress(leased, pages)

        pages = await loop.complete(self._plaid, token, begun["cursor"], on_page)
        return Fetched(pages, await self._accounts(token, pages, known=begun["accounts"] > 0))

    async def _accounts(self, token: SecretStr, pages: loop.Loop, *, known: bool) -> Sequence[Json]:
        """Sync names only accounts that had news; balances must move with every sync, so else ask for all (free)."""
        named = {account["account_id"] for account in pages.accounts}
        if known and named and all(page.account_ids <= named for page in pages.pages):
            return pages.accounts
        return list((await self._plaid.get_accounts(token))["accounts"])

    async def _progress(self, leased: Leased, pages: Sequence[Page]) -> None:
        async with self._database.transaction() as session:
            await outbox.emit(
                session,
                SyncProgress(
                    user_id=leased.user_id,
                    integration_id=leased.integration_id,
                    stage=pages[-1].status,
                    transactions=sum(len(page.ids) for page in pages),
                    done=False,
                ),
            )

    async def _commit(
        self, session: AsyncSession, leased: Leased, begun: RowMapping, fetched: Fetched, started: float
    ) -> history.Entry:
        """Rows, accounts, history, events and cursor in the caller's transaction; the fence is the last word."""
        integration, pages = leased.integration_id, fetched.pages.pages
        changes = plan.fold(pages)
        known = await rows.lock_known(session, integration, changes.ids)
        todo = plan.plan(known, changes, pages)
        await rows.upsert_accounts(session, integration, fetched.accounts)
        orphans = plan.orphans(todo, pages, await rows.known_accounts(session, integration))
        changed = await rows.write(session, integration, pages, todo)
        await rows.quarantine(session, integration, [*orphans, *(u for page in pages for u in page.unusable)])
        await rows.heal(session, integration, list(changes.upserts))
        for start in range(0, len(changed), CHUNK):
            ids = changed[start : start + CHUNK]
            await outbox.emit(
                session,
                TransactionsChanged(integration_id=integration, transaction_ids=ids, rung_at=begun["rung_at"]),
            )
        entry = history.Entry(
            integration_id=integration,
            sync_type=schedule.sync_type(begun["cursor"], leased.transactions_update_status),
            trigger=leased.trigger,
            added=todo.added_count,
            modified=todo.modified_count,
            removed=len(todo.removed),
            pages=len(pages),
            restarts=fetched.pages.restarts,
            milliseconds=round((perf_counter() - started) * 1000),
        )
        await history.record(session, entry)
        await self._announce(session, leased, fetched.pages.status, len(changed))
        await self._fence(session, leased, begun, fetched)
        return entry

    async def _announce(self, session: AsyncSession, leased: Leased, stage: str, transactions: int) -> None:
        await outbox.emit(
            session,
            SyncProgress(
                user_id=leased.user_id,
                integration_id=leased.integration_id,
                stage=stage,
                transactions=transactions,
                done=True,
            ),
        )

    async def _fence(self, session: AsyncSession, leased: Leased, begun: RowMapping, fetched: Fetched) -> None:
        status = fetched.pages.status
        oldest = min((page.oldest for page in fetched.pages.pages if page.oldest), default=None)
        pause = schedule.pause_after_success(status, leased.linked_at, datetime.now(UTC), self._max_silence)
        moved = await leases.fence(
            session,
            leased,
            leases.Progress(
                cursor=begun["cursor"],
                next_cursor=fetched.pages.next_cursor or begun["cursor"],  # an empty cursor is no progress
                covers=begun["requested_seq"],
                update_status=status,
                oldest=oldest,
                accounts=fetched.accounts,
                pause=pause,
            ),
        )
        if not moved:
            raise LeaseLost

    async def _fail(self, leased: Leased, error: PlaidError | Unsealable) -> None:
        """Put the failure on record, let the item go, and say when it is due again."""
        failure = _failure(error, leased.failures)
        log.warning("sync.failed", error_code=failure.code, request_id=failure.request_id, status=failure.status)
        sync_type = schedule.sync_type(leased.cursor, leased.transactions_update_status)
        SYNCS.labels(sync_type, failure.code).inc()
        async with self._database.transaction() as session:
            if not await leases.fail(session, leased, failure):
                return
            await history.record(
                session,
                history.Entry(
                    integration_id=leased.integration_id, sync_type=sync_type, trigger=leased.trigger, failure=failure
                ),
            )
            await outbox.emit(
                session,
                StatusChanged(user_id=leased.user_id, integration_id=leased.integration_id, status=failure.status),
            )


def _failure(error: PlaidError | Unsealable, failures: int) -> Failure:
    if isinstance(error, Unsealable):
        return Failure("active", "TOKEN_UNSEALABLE", str(error), None, schedule.OPERATOR_BACKOFF)
    details = error.details
    status, pause = "active", schedule.pause_after_failure(failures, random(), details.retry_after)  # noqa: S311 - jitter
    if isinstance(error, UserMustAct):
        status, pause = "login_required", schedule.LOGIN_CHECK
    elif isinstance(error, ItemGone):
        status = "revoked"
    elif isinstance(error, OperatorMustAct):
        pause = schedule.OPERATOR_BACKOFF
    message = details.display_message or details.error_message
    return Failure(status, details.error_code, message, details.request_id, pause)
