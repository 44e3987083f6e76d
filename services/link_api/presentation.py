"""Shows a bank right after its link, before its first sync; and sees what only its accounts tell: a late duplicate."""

from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database
from common.plaid import PlaidClient, PlaidError
from common.sealing import SealedToken, Vault
from link_api.disconnection import disconnect
from link_api.domain import accounts as plaid_accounts
from link_api.domain.duplicates import duplicate_of
from link_api.institutions import Institutions
from link_api.store import accounts, integrations, users

log = structlog.get_logger(__name__)


class Presentation:
    """Stores accounts and institution of a bank that was just linked."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault, institutions: Institutions) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._institutions = institutions

    async def show(
        self, user_id: int, integration_id: int, access_token: SealedToken, *, allow_duplicate: bool
    ) -> int | None:
        """Store what Plaid says of the item; a failure leaves that to the first sync.

        Return the integration that holds its accounts already, if there is one: then this one is disconnected.
        """
        try:
            answer = await self._plaid.for_item_of(integration_id).get_accounts(self._vault.open(access_token))
            institution_id = (answer.get("item") or {}).get("institution_id")
            if institution_id:
                await self._institutions.ensure(institution_id)
            return await self._store(user_id, integration_id, answer, allow_duplicate=allow_duplicate)
        except (PlaidError, SQLAlchemyError, OSError) as error:
            log.warning("item.not_described", integration_id=integration_id, error=type(error).__name__)
            return None

    async def _store(
        self, user_id: int, integration_id: int, answer: dict[str, Any], *, allow_duplicate: bool
    ) -> int | None:
        rows = plaid_accounts.read(answer, datetime.now(UTC))
        item = answer.get("item") or {}
        async with self._database.transaction() as session:
            await users.lock(session, user_id)  # of two links at once the second sees the accounts of the first
            await accounts.add(session, integration_id, rows)
            if not (institution_id := item.get("institution_id")):
                return None
            await integrations.set_institution(session, integration_id, institution_id, item.get("institution_name"))
            if allow_duplicate:
                return None
            known = await accounts.known(session, user_id, institution_id)
            others = [account for account in known if account.integration_id != integration_id]
            duplicate = duplicate_of(plaid_accounts.looks(rows), others)
            if duplicate is not None:
                await disconnect(session, user_id, integration_id)
        return duplicate
