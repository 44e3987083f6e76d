"""One sync of one item: lease, then passes of fetch → decide → commit until every doorbell is answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from pydantic import SecretStr
from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from common import outbox
from common.database import Database
from common.events import StatusChanged, SyncProgress
from common.plaid import PlaidClient, PlaidError
from common.sealing import Unsealable, Vault
from sync_worker import failures, loop
from sync_worker.commit import LeaseLost, Pass, commit
from sync_worker.domain import accounts, schedule
from sync_worker.domain.accounts import Account
from sync_worker.domain.pages import Page
from sync_worker.store import history, leases
from sync_worker.store.integrations import Doorbell
from sync_worker.store.leases import Leased

log = structlog.get_logger(__name__)

SYNCS = Counter("syncs_total", "Syncs by type and result", ["sync_type", "result"])
SECONDS = Histogram(
    "sync_seconds", "From lease to commit of one pass", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
)

MOST_PASSES = 5
HEARTBEAT = 10.0


class Sync:
    """Answers doorbells. At most one worker syncs an item at a time; one that lost its lease cannot commit."""

    def __init__(
        self,
        database: Database,
        plaid: PlaidClient,
        vault: Vault,
        max_silence: timedelta,
        *,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._max_silence = max_silence
        self._heartbeat_every = heartbeat

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
                await self._let_go(leased)
            except (PlaidError, Unsealable) as error:
                await self._fail(leased, error)
            except Exception as error:  # a crash of ours, or the database's: the message comes again
                with suppress(SQLAlchemyError, OSError):
                    await self._fail(leased, error)
                raise
            except BaseException:  # shutdown: whoever gets the message again may start at once
                with suppress(SQLAlchemyError, OSError):
                    await self._let_go(leased)
                raise

    async def _passes(self, leased: Leased) -> None:
        for _ in range(MOST_PASSES):
            await self._pass(leased)
            async with self._database.transaction() as session:
                if await leases.release(session, leased):
                    return
        await self._let_go(leased)  # rung without end: let others have a turn, the sweep rings

    async def _let_go(self, leased: Leased) -> None:
        async with self._database.transaction() as session:
            await leases.release(session, leased, give_up=True)

    @asynccontextmanager
    async def _heartbeat(self, leased: Leased) -> AsyncIterator[None]:
        async def beat() -> None:
            held = True
            while held:
                await asyncio.sleep(self._heartbeat_every)
                with suppress(SQLAlchemyError, OSError):  # the lease outlives a missed beat, and the fence knows
                    async with self._database.transaction() as session:
                        held = await leases.extend(session, leased)

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
        done = await self._fetch(leased, begun, started)
        async with self._database.transaction() as session:
            written = await commit(session, leased, done, self._max_silence)
        SECONDS.observe(perf_counter() - started)
        SYNCS.labels(written.sync_type, "ok").inc()
        log.info("sync.done", **written.counts())

    async def _fetch(self, leased: Leased, begun: RowMapping, started: float) -> Pass:
        token = self._vault.open(leased.access_token)

        async def on_page(pages: Sequence[Page]) -> None:
            await self._progress(leased, pages)

        pages = await loop.complete(self._plaid, token, begun["cursor"], on_page)
        stated = await self._accounts(token, pages, known=begun["accounts"] > 0)
        return Pass(begun, started, pages, stated)

    async def _accounts(self, token: SecretStr, pages: loop.Loop, *, known: bool) -> Sequence[Account]:
        """Sync names only accounts that had news; balances must move with every sync, so else ask for all (free)."""
        named = {account.account_id for account in pages.accounts}
        if known and named and all(page.account_ids <= named for page in pages.pages):
            return pages.accounts
        return accounts.read((await self._plaid.get_accounts(token)).get("accounts"))

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

    async def _fail(self, leased: Leased, error: Exception) -> None:
        """Put the failure on record, let the item go, and say when it is due again."""
        failure = failures.judge(error, leased.failures)
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
