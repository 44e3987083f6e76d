"""Asks Plaid how an item's login stands and stores the answer."""

from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import RowMapping

from common import outbox
from common.database import Database
from common.events import StatusChanged
from common.plaid import ItemGone, PlaidClient, PlaidError, Priority, Spender, UserMustAct
from common.plaid.errors import Details, classify
from common.sealing import SealedToken, Unsealable, Vault
from sync_worker import failures
from sync_worker.domain import life, login, notices, schedule
from sync_worker.domain.failure import Failure
from sync_worker.domain.life import Happening
from sync_worker.domain.login import Login
from sync_worker.notify import notify
from sync_worker.store import integrations

log = structlog.get_logger(__name__)


class LoginCheck:
    """Keeps an integration's status equal to what /item/get says (free of charge)."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault

    async def run(self, integration_id: int, priority: Priority = Priority.INTERACTIVE) -> None:
        """Store the login's state; when Plaid cannot say now, leave the state as it is."""
        async with self._database.transaction() as session:
            found = await integrations.token_of(session, integration_id)
        if found is None or found["access_token"] is None:
            return
        plaid = self._plaid.on_behalf_of(Spender(integration_id, priority))
        try:
            answer = await plaid.get_item(self._vault.open(SealedToken(found["access_token"])))
            stands = read(answer["item"])
        except (PlaidError, Unsealable) as error:
            known = _of_error(error) if isinstance(error, PlaidError) else None
            if known is None:
                await self._put_off(integration_id, failures.judge(error, found["failure_count"] + 1))
                return
            stands = known
        await self._store(integration_id, found, stands)

    async def _put_off(self, integration_id: int, failure: Failure) -> None:
        """Nobody knows how the login stands: an item that waits for its user is looked at later and later."""
        log.warning("login.unknown", integration_id=integration_id, error_code=failure.code)
        async with self._database.transaction() as session:
            await integrations.login_unknown(session, integration_id, failure)

    async def _store(self, integration_id: int, found: RowMapping, stands: Login) -> None:
        seen, pause = found["requested_seq"], schedule.LOGIN_CHECK
        async with self._database.transaction() as session:
            before = await integrations.set_login(session, integration_id, stands, seen=seen, pause=pause)
            if before is None:
                return
            after = life.target(stands.happening)
            if before.state != after:
                log.info("login.changed", integration_id=integration_id, before=before.state, status=after)
                await outbox.emit(
                    session, StatusChanged(user_id=found["user_id"], integration_id=integration_id, status=after)
                )
                await notify(session, integration_id, notices.on_arrival(before.state, after))
            if after == life.SYNCED:
                ends_at = min(filter(None, (before.disconnects_at, stands.consent_expires_at)), default=None)
                announced = before.disconnects_at is not None
                telling = notices.on_consent(ends_at, datetime.now(UTC), announced=announced)
                await notify(session, integration_id, telling, due_at=ends_at)


def read(item: dict[str, Any]) -> Login:
    """Return how the login stands by Plaid's item object; trouble that is not its user's leaves it working."""
    consent = login.expiry(item.get("consent_expiration_time"))
    said = item.get("error")
    broken = _of_error(classify(_details(said))) if said else None
    if broken is None:
        return Login(Happening.LOGIN_WORKS, consent_expires_at=consent)
    return Login(broken.happening, broken.error_code, broken.error_message, consent)


def _details(said: dict[str, Any]) -> Details:
    return Details(
        status=400,
        error_type=str(said.get("error_type") or "ITEM_ERROR"),
        error_code=str(said.get("error_code")),
        error_message=str(said.get("error_message")),
        display_message=said.get("display_message"),
    )


def _of_error(error: PlaidError) -> Login | None:
    """Return what an error says about the login, or None when it says nothing of it."""
    message = error.details.display_message or error.details.error_message
    if isinstance(error, ItemGone):
        return Login(Happening.GONE, error.code, message)
    return Login(Happening.LOGIN_BROKE, error.code, message) if isinstance(error, UserMustAct) else None
