"""The flow of news about an Item: its first history, whatever happens later, and the webhooks that tell of it."""

from plaid_sandbox.book import Stage
from plaid_sandbox.changes import Change, HistoryRead, Refreshed
from plaid_sandbox.clock import Clock
from plaid_sandbox.cursors import Cursor
from plaid_sandbox.durability import Durability
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.occurrences import Occurrences
from plaid_sandbox.settings import Settings
from plaid_sandbox.sync import Page, page_after
from plaid_sandbox.tasks import Tasks
from plaid_sandbox.webhooks import payloads
from plaid_sandbox.webhooks.courier import Courier


class Feed:
    """Changes what Plaid knows of an Item and rings its webhook."""

    def __init__(
        self,
        clock: Clock,
        courier: Courier,
        tasks: Tasks,
        occurrences: Occurrences,
        *,
        durability: Durability,
        settings: Settings,
    ) -> None:
        self._clock = clock
        self._courier = courier
        self._tasks = tasks
        self._occurrences = occurrences
        self._durability = durability
        self._settings = settings

    def start(self, item: Item) -> None:
        """Begin to read the bank's history, first 30 days, then all of it; once per Item."""
        if not item.started:
            item.started = True
            self._durability.note()
            self._tasks.start(self._read_history(item))

    def resume(self, item: Item) -> None:
        """Read on where the Item's history stands, and do the refreshes that were asked for."""
        if item.started and item.book.stage < Stage.HISTORICAL_UPDATE_COMPLETE:
            self._tasks.start(self._read_history(item))
        for _ in range(item.refreshes_due):
            self._tasks.start(self._refresh(item))

    def refresh(self, item: Item) -> None:
        """Have the bank read again; news and webhooks follow a moment later."""
        item.refreshes_due += 1
        self._durability.note()
        self._tasks.start(self._refresh(item))

    def change(self, item: Item, change: Change) -> Page:
        """Let this happen, ring the webhooks that it deserves, and return what a reader will hear of it."""
        before = item.book.ledger.version
        item.change(change)
        item.last_successful_update = self._clock.now()
        self._durability.note()
        reader = Cursor(0, before, before, before)
        page = page_after(item.book.ledger, reader, item.book.ledger.version + 1, item.book.told_ids)
        if len(page) and item.book.stage > Stage.NOT_READY:
            self._ring_changes(item, page)
        return page

    def fail(self, item: Item, error: PlaidError) -> None:
        """Break the Item until its user repairs it; ITEM/ERROR tells of it."""
        self._break(item, error)
        self.ring(item, payloads.item_error(item, error))
        self._occurrences.tell("item broken", item)

    def revoke(self, item: Item) -> None:
        """Take the user's permission from the Item; USER_PERMISSION_REVOKED tells of it."""
        self._break(item, PlaidError("USER_PERMISSION_REVOKED"))
        self.ring(item, payloads.permission_revoked(item))
        self._occurrences.tell("item broken", item)

    def repair(self, item: Item) -> None:
        """Heal the Item: its user was here."""
        item.repair(self._clock.now())
        self._durability.note()
        self._occurrences.tell("item repaired", item)

    def ring(self, item: Item, payload: payloads.Payload) -> None:
        """Send this webhook to the Item's receiver, if it has one."""
        if item.webhook and not item.removed:
            item.last_webhook = (self._clock.now(), str(payload["webhook_code"]))
            self._courier.send(item.webhook, payload)
            self._occurrences.tell("webhook sent", item, str(payload["webhook_code"]))

    def _break(self, item: Item, error: PlaidError) -> None:
        item.error = error
        item.last_failed_update = self._clock.now()
        self._durability.note()

    async def _read_history(self, item: Item) -> None:
        if item.book.stage == Stage.NOT_READY:
            await self._clock.sleep(self._settings.initial_delay)
            self._read(item, Stage.INITIAL_UPDATE_COMPLETE, "INITIAL_UPDATE")
        if item.book.stage == Stage.INITIAL_UPDATE_COMPLETE:
            await self._clock.sleep(self._settings.historical_delay - self._settings.initial_delay)
            self._read(item, Stage.HISTORICAL_UPDATE_COMPLETE, "HISTORICAL_UPDATE")

    def _read(self, item: Item, stage: Stage, code: str) -> None:
        if item.removed:
            return
        before = item.book.ledger.version
        item.change(HistoryRead(day=self._clock.now().date(), stage=stage))
        item.last_successful_update = self._clock.now()
        self._durability.note()
        if item.armed:
            self.ring(item, payloads.sync_updates_available(item))
        self.ring(item, payloads.updated(item, code, item.book.ledger.version - before))
        self._occurrences.tell("history read", item)

    async def _refresh(self, item: Item) -> None:
        await self._clock.sleep(self._settings.refresh_delay)
        item.refreshes_due -= 1
        if not item.removed:
            self.change(item, Refreshed(day=self._clock.now().date()))

    def _ring_changes(self, item: Item, page: Page) -> None:
        if item.armed:
            self.ring(item, payloads.sync_updates_available(item))
        if page.added:
            self.ring(item, payloads.updated(item, "DEFAULT_UPDATE", len(page.added)))
        if page.removed:
            self.ring(item, payloads.removed(item, [row.transaction_id for row in page.removed]))
