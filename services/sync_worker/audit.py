"""The completeness audit of an item: all that Plaid says, read from the beginning, against all that we hold.

It takes no lease and writes no row of the bank's, so it disturbs no sync and no sync disturbs it.
"""

import asyncio
from collections.abc import Sequence
from random import random
from uuid import uuid4

import structlog
from prometheus_client import Counter
from pydantic import SecretStr

from common.database import Database, unavailable
from common.events import AuditRequested
from common.plaid import OverBudget, PlaidClient, PlaidError, Priority, Spender
from common.sealing import Unsealable, Vault
from sync_worker import loop
from sync_worker.domain import accounts, audit
from sync_worker.domain.audit import Findings
from sync_worker.domain.pages import Page
from sync_worker.domain.schedule import COMPLETE, pause_when_put_off
from sync_worker.store import audits
from sync_worker.store.audits import Begun

log = structlog.get_logger(__name__)

AUDITS = Counter("audits_total", "Audits by outcome: equal, different, or why not done", ["outcome"])
DIFFERENCES = Counter("audit_differences_total", "Transactions that differ from Plaid's, found by audits", ["kind"])
for _kind in ("missing", "extra", "different"):
    DIFFERENCES.labels(_kind)  # at zero from the start: an alert sees the first one

AT_ONCE = 1
"""Audits of one process: each holds a whole history's ids and hashes."""


ATTEMPTS = 3
"""So often an audit is begun: one that kills its worker each time must not hold up the others for ever."""

CRASHED = "AUDIT_CRASHED"


class NotComparable(Exception):
    """Nothing can be said: Plaid or we do not have all of the item's history yet, or it is not connected."""


class Audit:
    """Carries out the audits that are ordered in `audits`."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._worker = uuid4()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def on_request(self, event: AuditRequested) -> None:
        """Return when the audit's result is on record, it is put off for want of budget, or another has it in hand.

        An error of its own ends an audit: begun again it would crash again. What the database cannot serve now is
        raised.
        """
        async with self._turn:
            async with self._database.transaction() as session:
                taken = await audits.take(session, event.audit_id, self._worker)
            if taken is None:
                return
            bound = {"integration_id": taken.integration_id, "audit_id": event.audit_id}
            with structlog.contextvars.bound_contextvars(**bound):
                if taken.attempts > ATTEMPTS:
                    await self._give_up(event.audit_id, CRASHED)
                else:
                    await self._run(event.audit_id)

    async def _run(self, audit_id: int) -> None:
        try:
            await self._carry_out(audit_id)
        except OverBudget as error:
            await self._put_off(audit_id, error)
        except (PlaidError, Unsealable, NotComparable) as error:
            await self._give_up(audit_id, _code(error))
        except Exception as error:
            if unavailable(error):
                raise
            log.exception("audit.crashed")
            await self._give_up(audit_id, CRASHED)

    async def _carry_out(self, audit_id: int) -> None:
        async with self._database.transaction() as session:
            begun = await audits.begin(session, audit_id)
        if begun is not None:
            await self._finish(audit_id, await self._find(begun))

    async def _find(self, begun: Begun) -> Findings:
        if begun.access_token is None:
            raise NotComparable("NOT_CONNECTED")
        if begun.cursor is None:
            raise NotComparable("HISTORY_INCOMPLETE")
        plaid = self._plaid.on_behalf_of(Spender(begun.integration_id, Priority.BACKFILL))
        token = self._vault.open(begun.access_token)
        whole = await loop.complete(plaid, token, None, _keep_still)
        if whole.status != COMPLETE:
            raise NotComparable("HISTORY_INCOMPLETE")
        plaid = plaid.waiting(loop.PAGE_PATIENCE)  # what was read so far is not thrown away lightly
        news = await _news(plaid, token, begun.cursor) | await _news(plaid, token, whole.next_cursor)
        answer = await plaid.get_accounts(token)
        open_accounts = {account.account_id for account in accounts.read(answer.get("accounts"))}
        return await asyncio.to_thread(_compare, begun, whole, open_accounts, news)

    async def _finish(self, audit_id: int, findings: Findings) -> None:
        async with self._database.transaction() as session:
            first = await audits.finish(session, audit_id, findings)
        if not first:
            return
        for kind, count in findings.counts.items():
            DIFFERENCES.labels(kind).inc(count)
        AUDITS.labels("different" if findings.sample else "equal").inc()
        tell = log.warning if findings.sample else log.info
        tell("audit.done", compared=findings.compared, quarantined=findings.quarantined, **findings.counts)

    async def _give_up(self, audit_id: int, code: str) -> None:
        async with self._database.transaction() as session:
            first = await audits.give_up(session, audit_id, code)
        if first:
            AUDITS.labels(code).inc()
            log.warning("audit.not_done", error_code=code)

    async def _put_off(self, audit_id: int, error: OverBudget) -> None:
        pause = pause_when_put_off(error.wait, random())  # noqa: S311 - jitter
        async with self._database.transaction() as session:
            await audits.put_off(session, audit_id, self._worker, pause)
        log.info("audit.put_off", seconds=pause.total_seconds())


async def _news(plaid: PlaidClient, token: SecretStr, cursor: str) -> set[str]:
    return audit.named((await loop.complete(plaid, token, cursor, _keep_still)).pages)


async def _keep_still(_pages: Sequence[Page]) -> None:
    """Nobody is told how far an audit is."""


def _compare(begun: Begun, whole: loop.Loop, open_accounts: set[str], news: set[str]) -> Findings:
    return audit.compare(begun.ours, audit.stated(whole.pages, open_accounts), news)


def _code(error: Exception) -> str:
    if isinstance(error, PlaidError):
        return error.code
    return "TOKEN_UNSEALABLE" if isinstance(error, Unsealable) else str(error)
