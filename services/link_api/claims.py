"""Who exchanges a public token: written down before Plaid is asked, so that whoever dies meanwhile leaves a trace."""

from datetime import timedelta

from pydantic import SecretStr

from common.database import Database
from common.plaid import OverBudget, PlaidError
from common.plaid.errors import HTTP_SERVER_ERROR
from link_api.domain.digests import digest
from link_api.domain.link_results import LinkedItem
from link_api.store import exchanges
from link_api.store.exchanges import Beginning, Claim

LEASE = timedelta(minutes=2)
"""More than an exchange takes; what a dead process had claimed may be tried again then. `ops exchanges list` has it."""


class UnderWay(Exception):
    """Another request exchanges this public token right now."""


class UsedUp(Exception):
    """This public token was exchanged, and what came of it is connected no more."""


class Claims:
    """Exchanges by the hash of their public token, for each user their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def outcome(self, user_id: int, public_token: SecretStr) -> int | None:
        """Return the integration that this public token has become, None if none yet; or raise UnderWay or UsedUp."""
        async with self._database.transaction() as session:
            found = await exchanges.find(session, user_id, digest(public_token))
        if found is None:
            return None
        if found.integration_id is not None:
            if not found.connected:
                raise UsedUp
            return found.integration_id
        if found.under_way:
            raise UnderWay
        return None

    async def take(self, user_id: int, public_token: SecretStr, item: LinkedItem) -> Claim | None:
        """Return the right to exchange it, committed; None if another was faster."""
        new = Beginning(user_id, digest(public_token), item.institution_id, item.institution_name)
        async with self._database.transaction() as session:
            return await exchanges.claim(session, new, LEASE)

    async def give_up(self, claim: Claim, error: PlaidError) -> None:
        """Let another try. Where Plaid may have made an item after all, it stays on record."""
        refused = isinstance(error, OverBudget) or 0 < error.details.status < HTTP_SERVER_ERROR
        async with self._database.transaction() as session:
            if refused and claim.first:
                await exchanges.forget(session, claim.id)
            else:
                await exchanges.let_go(session, claim.id)

    async def strand(self, claim: Claim, item_id: str) -> None:
        """Put on record which item it was that could not be stored."""
        async with self._database.transaction() as session:
            await exchanges.let_go(session, claim.id, item_id)
