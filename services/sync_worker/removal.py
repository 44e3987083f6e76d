"""Makes Plaid forget an item: asked until Plaid confirms, then the token is erased."""

from datetime import timedelta

import structlog

from common import outbox
from common.database import Database
from common.events import StatusChanged
from common.plaid import ItemGone, PlaidClient, PlaidError, Spender
from common.sealing import SealedToken, Unsealable, Vault
from sync_worker import failures
from sync_worker.domain import notices
from sync_worker.domain.failure import Failure
from sync_worker.domain.life import State
from sync_worker.notify import notify
from sync_worker.store import integrations

log = structlog.get_logger(__name__)

PATIENCE = timedelta(seconds=5)
"""A removal is rare, and what it ends costs money: it waits for its turn."""


class Removal:
    """Ends an item at Plaid, and with it the billing."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault

    async def run(self, integration_id: int) -> None:
        """Remove the item if that is still wanted; a failure is on record and tried again when it is due."""
        async with self._database.transaction() as session:
            found = await integrations.token_of(session, integration_id)
        if found is None or found["status"] != State.REMOVING:
            return
        plaid = self._plaid.on_behalf_of(Spender(integration_id, patience=PATIENCE))
        try:
            await plaid.remove_item(self._vault.open(SealedToken(found["access_token"])))
        except ItemGone:
            log.info("removal.already_gone", integration_id=integration_id)
        except (PlaidError, Unsealable) as error:
            await self._put_off(integration_id, failures.judge(error, found["failure_count"] + 1))
            return
        async with self._database.transaction() as session:
            if await integrations.removed(session, integration_id):
                await outbox.emit(
                    session,
                    StatusChanged(user_id=found["user_id"], integration_id=integration_id, status=State.DISCONNECTED),
                )
                await notify(session, integration_id, notices.on_arrival(State.REMOVING, State.DISCONNECTED))

    async def _put_off(self, integration_id: int, failure: Failure) -> None:
        log.warning("removal.failed", integration_id=integration_id, error_code=failure.code)
        async with self._database.transaction() as session:
            await integrations.removal_failed(session, integration_id, failure)
