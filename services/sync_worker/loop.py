"""The page loop of /transactions/sync: all pages or none, begun again at its first cursor when data moved under it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import random

import structlog
from prometheus_client import Counter
from pydantic import SecretStr

from common.plaid import PlaidClient, PlaidError, RetryLater
from common.plaid.errors import Details
from common.updates import Updates
from sync_worker import stages
from sync_worker.domain.accounts import Account, latest
from sync_worker.domain.pages import Page, read

log = structlog.get_logger(__name__)

RESTARTS = Counter("sync_restarts_total", "Page loops that began again because data changed between pages")

MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
MOST_RESTARTS = 5
PAGE_PATIENCE = timedelta(seconds=30)
"""A loop under way waits so long for its next page's turn; giving up would throw away the pages it has.

More than the pause of an item that Plaid had slowed down as far as it goes: less would give up at every try.
"""


@dataclass(frozen=True, slots=True)
class Loop:
    """A complete page loop."""

    pages: Sequence[Page]
    restarts: int

    @property
    def next_cursor(self) -> str:
        """Where the next loop begins; empty when Plaid has nothing yet."""
        return self.pages[-1].next_cursor

    @property
    def status(self) -> str:
        """Plaid's transactions_update_status."""
        return self.pages[-1].status

    @property
    def accounts(self) -> list[Account]:
        """The accounts that had news, as the last page that names them states them."""
        return latest(account for page in self.pages for account in page.accounts)


OnPage = Callable[[Sequence[Page]], Awaitable[None]]


async def complete(plaid: PlaidClient, access_token: SecretStr, cursor: str | None, on_page: OnPage) -> Loop:
    """Return every page after `cursor`; `on_page` is told the pages so far. Raises PlaidError, and nothing is kept."""
    for restarts in range(MOST_RESTARTS):
        try:
            return Loop(await _pages(plaid, access_token, cursor, on_page), restarts)
        except PlaidError as error:
            if error.code != MUTATION:
                raise
            RESTARTS.inc()
            log.info("sync.restarted", restarts=restarts + 1)
            await asyncio.sleep(random() * 2**restarts / 10)  # noqa: S311 - jitter
        plaid = plaid.waiting(PAGE_PATIENCE)
    return Loop(await _pages(plaid, access_token, cursor, on_page), MOST_RESTARTS)


async def _pages(plaid: PlaidClient, access_token: SecretStr, cursor: str | None, on_page: OnPage) -> list[Page]:
    """Fetch page by page; one is read while the next is under way."""
    pages: list[Page] = []
    seen = {cursor or ""}
    answer = await plaid.sync_page(access_token, cursor)
    while answer.has_more:
        after = answer.next_cursor or ""
        if after in seen:
            raise RetryLater(Details(0, "API_ERROR", "PAGES_WITHOUT_END", "Plaid's next page is one that we have"))
        seen.add(after)
        following = plaid.waiting(PAGE_PATIENCE).sync_page(access_token, after)
        page, answer = await asyncio.gather(asyncio.to_thread(_decoded, answer), following)
        pages.append(page)
        await on_page(pages)
    return [*pages, await asyncio.to_thread(_decoded, answer)]


def _decoded(answer: Updates) -> Page:
    with stages.DECODE.time():
        return read(answer)
