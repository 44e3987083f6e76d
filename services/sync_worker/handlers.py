"""What the worker does with each event."""

import asyncio

import structlog
from prometheus_client import Counter

from common.consumer import Handlers
from common.database import Database
from common.events import RemovalRequested, SyncRequested, WebhookReceived
from sync_worker.login import LoginCheck
from sync_worker.removal import Removal
from sync_worker.store import integrations
from sync_worker.store.integrations import Doorbell
from sync_worker.sync import Sync

log = structlog.get_logger(__name__)

ORPHANS = Counter("orphan_doorbells_total", "Doorbells of items that no active integration has")


class Doorbells:
    """Counts every doorbell at once, and answers it when one of its slots is free."""

    def __init__(self, database: Database, sync: Sync, login: LoginCheck, slots: int) -> None:
        self._database = database
        self._sync = sync
        self._login = login
        self._slots = asyncio.Semaphore(slots)

    async def on_webhook(self, event: WebhookReceived) -> None:
        """Plaid rang. What ITEM webhooks tell about the login is asked of /item/get, never believed in order."""
        async with self._database.transaction() as session:
            bell = await integrations.ring(
                session,
                trigger="webhook",
                rung_at=event.received_at,
                item_id=event.item_id,
                disconnects_at=event.disconnect_time,
            )
        await self._answer(bell, check_login=event.webhook_type == "ITEM")

    async def on_request(self, event: SyncRequested) -> None:
        """Somebody of ours rang: a new link, a user, a repair."""
        await self._answer(await self._ring(event), check_login=event.trigger == "repaired")

    async def on_sweep(self, event: SyncRequested) -> None:
        """The clock rang. Of no consequence when it comes late, and the item was seen to in between."""
        if (bell := await self._ring(event)) is not None:
            await self._answer(bell, check_login=False)

    async def _ring(self, event: SyncRequested) -> Doorbell | None:
        async with self._database.transaction() as session:
            return await integrations.ring(
                session, trigger=event.trigger, rung_at=event.requested_at, integration_id=event.integration_id
            )

    async def _answer(self, bell: Doorbell | None, *, check_login: bool) -> None:
        if bell is None:
            ORPHANS.inc()
            log.warning("doorbell.orphan")
            return
        async with self._slots:
            if check_login or bell.status == "login_required":
                await self._login.run(bell.integration_id)
            await self._sync.answer(bell)


def interactive(doorbells: Doorbells, removal: Removal) -> Handlers:
    """Return the handlers of the queue on which people wait."""

    async def on_removal(event: RemovalRequested) -> None:
        await removal.run(event.integration_id)

    return {
        WebhookReceived: doorbells.on_webhook,
        SyncRequested: doorbells.on_request,
        RemovalRequested: on_removal,
    }


def sweeps(doorbells: Doorbells) -> Handlers:
    """Return the handlers of the queue on which nobody waits."""
    return {SyncRequested: doorbells.on_sweep}
