"""What the worker does with each event."""

import asyncio

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from common.consumer import Handlers
from common.database import Database
from common.events import AuditRequested, RemovalRequested, SyncRequested, WebhookReceived
from common.plaid import Priority
from sync_worker.audit import Audit
from sync_worker.domain import life, notices
from sync_worker.domain.life import Fact, State
from sync_worker.domain.notices import Kind, Telling
from sync_worker.login import LoginCheck
from sync_worker.notify import notify
from sync_worker.removal import Removal
from sync_worker.store import accounts, integrations, orphans
from sync_worker.store.integrations import Doorbell
from sync_worker.sync import Sync

log = structlog.get_logger(__name__)

ORPHANS = Counter("orphan_doorbells_total", "Webhooks of items that no integration has: Plaid bills them still")
COALESCED = Counter("doorbells_coalesced_total", "Doorbells left to the sync that had their item in hand")


class Doorbells:
    """Counts every doorbell at once, and answers it when one of its slots is free."""

    def __init__(self, database: Database, sync: Sync, login: LoginCheck, slots: int) -> None:
        self._database = database
        self._sync = sync
        self._login = login
        self._slots = asyncio.Semaphore(slots)

    async def on_webhook(self, event: WebhookReceived) -> None:
        """Plaid rang. What ITEM webhooks tell about the login is asked of /item/get, never believed in order."""
        hearing = life.hear(event.webhook_type, event.webhook_code)
        disconnects = hearing.fact == Fact.DISCONNECTS
        async with self._database.statement() as session:
            bell = await integrations.ring(
                session,
                trigger="webhook",
                rung_at=event.received_at,
                item_id=event.item_id,
                disconnects_at=event.disconnect_time if disconnects else None,
                disconnects_by=event.received_at + notices.EXPIRY_NOTICE if disconnects else None,
            )
        if bell is None:
            await self._note_orphan(event)
        if bell and hearing.fact:
            async with self._database.transaction() as session:  # of its own: accounts are locked before items
                await _keep(session, bell, hearing.fact, event)
        await self._answer(bell, check_login=hearing.check_login)

    async def on_request(self, event: SyncRequested) -> None:
        """Somebody of ours rang: a new link, a user, a repair."""
        repaired = event.trigger == "repaired"
        async with self._database.statement() as session:
            bell = await _ring(session, event)
        if bell and repaired:
            async with self._database.transaction() as session:  # of its own: accounts are locked before items
                await accounts.forgive(session, bell.integration_id)
                await notify(session, bell.integration_id, notices.REPAIR)
        await self._answer(bell, check_login=repaired)

    async def on_sweep(self, event: SyncRequested) -> None:
        """The clock rang. Of no consequence when it comes late, and the item was seen to in between."""
        async with self._database.statement() as session:
            bell = await _ring(session, event)
        if bell is not None:
            await self._answer(bell, check_login=False, priority=Priority.SWEEP)

    async def _note_orphan(self, event: WebhookReceived) -> None:
        async with self._database.statement() as session:
            first = await orphans.note(session, event)
        if first:
            ORPHANS.inc()
            kind = {"webhook_type": event.webhook_type, "webhook_code": event.webhook_code}
            log.warning("webhook.orphan", item_id=event.item_id, **kind)

    async def _answer(
        self, bell: Doorbell | None, *, check_login: bool, priority: Priority = Priority.INTERACTIVE
    ) -> None:
        if bell is None:
            log.info("doorbell.of_nobody")
            return
        check_login = check_login or bell.login_unseen or bell.status == State.LOGIN_REQUIRED
        if bell.in_hand and not check_login:
            COALESCED.inc()  # its release waits for this bell too
            return
        async with self._slots:
            if check_login:
                await self._login.run(bell.integration_id, priority)
            await self._sync.answer(bell)


async def _ring(session: AsyncSession, event: SyncRequested) -> Doorbell | None:
    return await integrations.ring(
        session, trigger=event.trigger, rung_at=event.requested_at, integration_id=event.integration_id
    )


async def _keep(session: AsyncSession, bell: Doorbell, fact: Fact, event: WebhookReceived) -> None:
    """Keep what Plaid tells nowhere else, and tell the user."""
    integration_id = bell.integration_id
    if fact == Fact.NEW_ACCOUNTS:
        await notify(session, integration_id, Telling(told=frozenset({Kind.NEW_ACCOUNTS})))
    elif fact == Fact.DISCONNECTS:
        telling = Telling(told=frozenset({Kind.EXPIRING}))
        await notify(session, integration_id, telling, due_at=bell.access_ends_at)
    elif event.account_id:
        account_id = await accounts.revoke(session, integration_id, event.account_id)
        if account_id is not None:
            await notify(
                session, integration_id, Telling(told=frozenset({Kind.ACCOUNT_REVOKED})), account_id=account_id
            )


def interactive(doorbells: Doorbells, removal: Removal) -> Handlers:
    """Return the handlers of the queue on which people wait."""

    async def on_removal(event: RemovalRequested) -> None:
        await removal.run(event.integration_id)

    return {
        WebhookReceived: doorbells.on_webhook,
        SyncRequested: doorbells.on_request,
        RemovalRequested: on_removal,
    }


def sweeps(doorbells: Doorbells, audit: Audit) -> Handlers:
    """Return the handlers of the queue on which nobody waits."""
    return {SyncRequested: doorbells.on_sweep, AuditRequested: audit.on_request}
