"""One sync of one item: lease, then passes of fetch → decide → commit until every doorbell is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from random import random
from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.database import Database
from common.events import StatusChanged
from common.plaid import OverBudget, PlaidClient, PlaidError
from common.sealing import Unsealable, Vault
from sync_worker import failures, stages
from sync_worker.commit import LeaseLost, commit
from sync_worker.domain import life, notices, schedule
from sync_worker.domain.failure import Failure
from sync_worker.fetch import Fetch
from sync_worker.notify import notify
from sync_worker.store import history, institutions, leases
from sync_worker.store.integrations import Doorbell
from sync_worker.store.leases import Leased

log = structlog.get_logger(__name__)

SYNCS = Counter("syncs_total", "Syncs by type and result", ["sync_type", "result"])
PUT_OFF = Counter("syncs_put_off_total", "Syncs that did not begin or go on for now, by what they wait for", ["for"])
SECONDS = Histogram(
    "sync_seconds", "From lease to commit of one pass", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
)
STOLEN = Counter("leases_stolen_total", "Leases taken over from a worker that neither let them go nor prolonged them")

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
        self._fetch = Fetch(database, plaid, vault)
        self._max_silence = max_silence
        self._heartbeat_every = heartbeat

    async def answer(self, bell: Doorbell) -> None:
        """Return once a sync that began after this doorbell is committed, failed on record, put off, or another's."""
        with stages.LEASE.time():
            async with self._database.statement() as session:
                begun = await leases.acquire(session, bell, uuid4())
        if begun is None:
            return
        leased, first = begun
        with structlog.contextvars.bound_contextvars(integration_id=leased.integration_id):
            if leased.stolen:
                STOLEN.inc()
                log.warning("sync.lease_stolen")
            if await self._ran(leased, first) and leased.institution_fails:
                await self._recover(leased)

    async def _ran(self, leased: Leased, first: RowMapping) -> bool:
        """Sync to the end and return True, or see to it that what went wrong is on record and the item is let go."""
        try:
            async with self._heartbeat(leased):
                if leased.institution_fails and not await self._admitted(leased):
                    return False
                await self._passes(leased, first)
        except LeaseLost:
            log.info("sync.lease_lost")
            await self._let_go(leased)
        except OverBudget as error:
            await self._put_off(leased, error.wait)
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
        else:
            return True
        return False

    async def _admitted(self, leased: Leased) -> bool:
        """Return whether the failing institution may be asked, perhaps as the probe; else the item is let go."""
        async with self._database.transaction() as session:
            wait = await institutions.admit(session, leased.institution_id)
            if wait is not None:
                await self._leave_alone(session, leased, wait)
        return wait is None

    async def _passes(self, leased: Leased, first: RowMapping) -> None:
        begun: RowMapping | None = first
        for _ in range(MOST_PASSES):
            if begun is None:
                raise LeaseLost
            if await self._pass(leased, begun):
                return
            async with self._database.statement() as session:
                begun = await leases.begin_pass(session, leased)
        await self._let_go(leased)  # rung without end: let others have a turn, the sweep rings

    async def _pass(self, leased: Leased, begun: RowMapping) -> bool:
        """Fetch and commit; return whether every doorbell is answered: then the item is let go already."""
        started = perf_counter()
        with stages.FETCH.time():
            done = await self._fetch.run(leased, begun, started)
        with stages.STORE.time():
            async with self._database.transaction() as session:
                written = await commit(session, leased, done, self._max_silence)
        SECONDS.observe(perf_counter() - started)
        SYNCS.labels(written.entry.sync_type, "ok").inc()
        log.info("sync.done", **written.entry.counts())
        return written.answered

    @asynccontextmanager
    async def _heartbeat(self, leased: Leased) -> AsyncIterator[None]:
        async def beat() -> None:
            held = True
            while held:
                await asyncio.sleep(self._heartbeat_every)
                with suppress(SQLAlchemyError, OSError):  # the lease outlives a missed beat, and the fence knows
                    async with self._database.statement() as session:
                        held = await leases.extend(session, leased)

        heart = asyncio.create_task(beat())
        try:
            yield
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)

    async def _let_go(self, leased: Leased) -> None:
        async with self._database.statement() as session:
            await leases.release(session, leased)

    async def _put_off(self, leased: Leased, wait: timedelta) -> None:
        """Let the item go until Plaid's rate limits have room for it: nothing failed, nothing waits here."""
        PUT_OFF.labels("budget").inc()
        log.info("sync.put_off", reason="budget", seconds=round(wait.total_seconds(), 1))
        pause = schedule.pause_when_put_off(wait, random())  # noqa: S311 - jitter
        async with self._database.statement() as session:
            await leases.put_off(session, leased, pause)

    async def _leave_alone(self, session: AsyncSession, leased: Leased, wait: timedelta) -> None:
        """Let the item go until its institution works again; its user is told once."""
        PUT_OFF.labels("institution").inc()
        log.info("sync.put_off", reason="institution")
        pause = schedule.pause_when_put_off(wait, random())  # noqa: S311 - jitter
        await leases.put_off(session, leased, pause)
        await notify(session, leased.integration_id, notices.TROUBLE)

    async def _recover(self, leased: Leased) -> None:
        """The institution works: let those come soon that wait for it."""
        async with self._database.transaction() as session:
            had_been_left_alone = await institutions.recovered(session, leased.institution_id)
        if had_been_left_alone:
            log.info("institution.recovered", institution_id=leased.institution_id)
            async with self._database.transaction() as session:
                await institutions.wake(session, leased.institution_id)

    async def _fail(self, leased: Leased, error: Exception) -> None:
        """Put the failure on record, let the item go, and say when it is due again."""
        failure = failures.judge(error, leased.failures)
        after = life.target(failure.happening) if failure.happening else life.SYNCED
        log.warning("sync.failed", error_code=failure.code, request_id=failure.request_id, status=after)
        sync_type = schedule.sync_type(leased.cursor, leased.transactions_update_status)
        SYNCS.labels(sync_type, failure.code).inc()
        async with self._database.transaction() as session:
            stands = await leases.fail(session, leased, failure, after)
            if stands is None:
                return
            await history.record(
                session,
                history.Entry(
                    integration_id=leased.integration_id, sync_type=sync_type, trigger=leased.trigger, failure=failure
                ),
            )
            await outbox.emit(
                session,
                StatusChanged(user_id=leased.user_id, integration_id=leased.integration_id, status=stands),
            )
            await notify(session, leased.integration_id, notices.on_arrival(life.SYNCED, stands))
            if failure.of_institution:
                await self._blame(session, leased, failure)

    async def _blame(self, session: AsyncSession, leased: Leased, failure: Failure) -> None:
        jitter = random()  # noqa: S311 - jitter
        if await institutions.failed(session, leased.institution_id, leased.integration_id, failure.code, jitter):
            log.warning("institution.left_alone", institution_id=leased.institution_id, error_code=failure.code)
            await notify(session, leased.integration_id, notices.TROUBLE)
