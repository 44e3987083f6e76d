"""Tells Plaid of every item where its webhooks go from now on, within Plaid's limits.

What Plaid took stands in the item's row, so whoever begins again after a crash goes on; the one call that was under
way is made twice, which is harmless. Others' calls go first (Priority.BACKFILL), and what fails holds up nothing else.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from common.database import Database
from common.plaid import OverBudget, PlaidClient, PlaidError, Priority, RetryLater, Spender
from common.sealing import Unsealable, Vault
from ops.progress import Advance
from ops.store import webhook_urls
from ops.store.webhook_urls import Untold

AT_ONCE = 8
BATCH = 100
PAUSES = (1.0, 3.0)
"""Seconds between two tries of what Plaid may take later, if it does not say itself."""
LONGEST_PAUSE = 30.0
HOPELESS = 20
"""So many failures in a row are no longer the items': whoever is to blame must act first."""
PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item whose URL Plaid did not take, and why: Plaid's error_code, or ours."""

    integration_id: int
    item_id: str
    error: str
    request_id: str | None


@dataclass(slots=True)
class Outcome:
    """What became of the items."""

    told: int = 0
    refused: list[Refusal] = field(default_factory=list)
    in_a_row: int = 0

    @property
    def hopeless(self) -> bool:
        """Whether it is no use to go on."""
        return self.in_a_row >= HOPELESS

    def add(self, refusal: Refusal | None) -> None:
        """Count an item."""
        if refusal is None:
            self.told, self.in_a_row = self.told + 1, 0
        else:
            self.refused.append(refusal)
            self.in_a_row += 1


class Retargeting:
    """Brings one URL to all items."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault, url: str) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._url = url
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.outcome = Outcome()

    async def run(self, advance: Advance) -> Outcome:
        """Tell of each item that has another URL, once; return what became of them."""
        after = 0
        while not self.outcome.hopeless:
            async with self._database.transaction() as session:
                batch = await webhook_urls.untold(session, self._url, after, BATCH)
            if not batch:
                break
            await asyncio.gather(*(self._see_to(item, advance) for item in batch))
            after = batch[-1].id
        return self.outcome

    async def _see_to(self, item: Untold, advance: Advance) -> None:
        async with self._slots:
            if self.outcome.hopeless:
                return
            try:
                await self._tell(item)
            except PlaidError as error:
                self.outcome.add(Refusal(item.id, item.item_id, error.code, error.details.request_id))
            except Unsealable:
                self.outcome.add(Refusal(item.id, item.item_id, "TOKEN_UNSEALABLE", None))
            else:
                self.outcome.add(None)
            advance(1)

    async def _tell(self, item: Untold) -> None:
        token = self._vault.open(item.token)
        plaid = self._plaid.on_behalf_of(Spender(item.id, Priority.BACKFILL, PATIENCE))
        pauses = iter(PAUSES)
        while True:
            try:
                await plaid.update_webhook(token, self._url)
                break
            except OverBudget as full:
                await asyncio.sleep(full.wait.total_seconds())
            except RetryLater as error:
                pause = next(pauses, None)
                if pause is None:
                    raise
                await asyncio.sleep(min(error.details.retry_after or pause, LONGEST_PAUSE))
        async with self._database.transaction() as session:
            await webhook_urls.told(session, item, self._url)
