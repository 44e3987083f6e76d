"""Asks Plaid how an item's login stands and stores the answer."""

import structlog
from sqlalchemy import RowMapping

from common import outbox
from common.database import Database
from common.events import StatusChanged
from common.plaid import ItemGone, PlaidClient, PlaidError, UserMustAct
from common.sealing import SealedToken, Unsealable, Vault
from sync_worker.domain import login, schedule
from sync_worker.store import integrations

log = structlog.get_logger(__name__)


class LoginCheck:
    """Keeps an integration's status equal to what /item/get says (free of charge)."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault

    async def run(self, integration_id: int) -> None:
        """Store the login's state; when Plaid cannot say now, leave everything as it is."""
        async with self._database.transaction() as session:
            found = await integrations.token_of(session, integration_id)
        if found is None or found["access_token"] is None:
            return
        try:
            answer = await self._plaid.get_item(self._vault.open(SealedToken(found["access_token"])))
            stands = login.read(answer["item"])
        except (UserMustAct, ItemGone) as error:
            status: login.Status = "revoked" if isinstance(error, ItemGone) else "login_required"
            stands = login.Login(status, error.code, error.details.display_message or error.details.error_message)
        except (PlaidError, Unsealable) as error:  # the sync that follows puts it on record
            log.warning("login.unknown", integration_id=integration_id, error=str(error))
            return
        await self._store(integration_id, found, stands)

    async def _store(self, integration_id: int, found: RowMapping, stands: login.Login) -> None:
        seen, pause = found["requested_seq"], schedule.LOGIN_CHECK
        async with self._database.transaction() as session:
            before = await integrations.set_login(session, integration_id, stands, seen=seen, pause=pause)
            if before is not None and before != stands.status:
                log.info("login.changed", integration_id=integration_id, before=before, status=stands.status)
                await outbox.emit(
                    session,
                    StatusChanged(user_id=found["user_id"], integration_id=integration_id, status=stands.status),
                )
