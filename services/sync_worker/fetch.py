"""What a pass reads of Plaid: all pages since the cursor, and the accounts beside them. No transaction is open."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import structlog
from prometheus_client import Counter
from pydantic import SecretStr
from sqlalchemy import RowMapping

from common import outbox
from common.database import Database
from common.events import SyncProgress
from common.plaid import CursorRefused, PlaidClient, Priority, RetryLater, Spender
from common.sealing import Vault
from sync_worker import loop
from sync_worker.commit import Pass
from sync_worker.domain import accounts, pages
from sync_worker.domain.pages import Page
from sync_worker.domain.schedule import COMPLETE, NOT_READY
from sync_worker.store import quarantine
from sync_worker.store.leases import Leased

log = structlog.get_logger(__name__)

REFUSED = Counter("sync_cursors_refused_total", "Cursors that Plaid refused; the item is read from the beginning")

TOLD_EVERY = 0.5
"""Seconds between two hints of how far a page loop is: people see no more, and each costs a commit and a message."""

PRIORITIES = {"sweep": Priority.SWEEP, "audit": Priority.BACKFILL}
"""By what rang; whatever else rings, somebody waits."""


class Fetch:
    """Reads one item at Plaid."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault

    async def run(self, leased: Leased, begun: RowMapping, started: float) -> Pass:
        """Return all that Plaid has to say since the pass began, and what waits in quarantine, read again.

        Raises PlaidError or Unsealable, and nothing is kept.
        """
        token = self._vault.open(leased.access_token)
        priority = PRIORITIES.get(leased.trigger, Priority.INTERACTIVE)
        plaid = self._plaid.on_behalf_of(Spender(leased.integration_id, priority))
        async with _beside(plaid, token) as listing:
            done, from_start = await self._loop(leased, plaid, token, begun["cursor"])
            whole = from_start and done.status == COMPLETE and begun["transactions_update_status"] != NOT_READY
            listed = await _listed(listing, plaid, token, needed=whole)
        retried = begun["quarantined"] and not from_start  # a reading from the beginning says how they stand now
        replayed = await self._replayed(leased.integration_id) if retried else None
        unreadable = accounts.unreadable(listed)
        return Pass(begun, started, done, accounts.read(listed), unreadable, replayed, from_start=from_start)

    async def _loop(
        self, leased: Leased, plaid: PlaidClient, token: SecretStr, cursor: str | None
    ) -> tuple[loop.Loop, bool]:
        told = -math.inf

        async def on_page(so_far: Sequence[Page]) -> None:
            nonlocal told
            if (now := perf_counter()) - told >= TOLD_EVERY:
                told = now
                await self._progress(leased, so_far)

        try:
            return await loop.complete(plaid, token, cursor, on_page), cursor is None
        except CursorRefused as error:
            REFUSED.inc()
            log.warning("sync.cursor_refused", request_id=error.details.request_id)
            return await loop.complete(plaid.waiting(loop.PAGE_PATIENCE), token, None, on_page), True

    async def _replayed(self, integration_id: int) -> Page | None:
        async with self._database.statement() as session:
            due = await quarantine.due(session, integration_id)
        return await asyncio.to_thread(pages.replay, due) if due else None

    async def _progress(self, leased: Leased, so_far: Sequence[Page]) -> None:
        async with self._database.statement() as session:
            await outbox.emit(
                session,
                SyncProgress(
                    user_id=leased.user_id,
                    integration_id=leased.integration_id,
                    stage=so_far[-1].status,
                    transactions=sum(len(page.ids) for page in so_far),
                    done=False,
                ),
            )


@asynccontextmanager
async def _beside(plaid: PlaidClient, token: SecretStr) -> AsyncIterator[asyncio.Task[list[Any]]]:
    """List the accounts while the block runs; when it fails, nobody waits for them."""
    listing = asyncio.create_task(_accounts(plaid, token))
    try:
        yield listing
    finally:
        listing.cancel()
        await asyncio.gather(listing, return_exceptions=True)


async def _accounts(plaid: PlaidClient, token: SecretStr) -> list[Any]:
    """Return all accounts with their balances as Plaid lists them (free of charge)."""
    return (await plaid.get_accounts(token)).get("accounts") or []


async def _listed(listing: asyncio.Task[list[Any]], plaid: PlaidClient, token: SecretStr, *, needed: bool) -> list[Any]:
    """Return the accounts, none when Plaid cannot list them now; where they are needed ask again, and raise.

    What a whole reading leaves out is gone, unless its account is: then it is history that nobody names any more.
    """
    try:
        return await listing
    except RetryLater as error:
        log.info("sync.accounts_not_listed", error_code=error.code)
        return await _accounts(plaid.waiting(loop.PAGE_PATIENCE), token) if needed else []
