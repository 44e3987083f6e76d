"""Opens Link sessions: a link token for the browser, and the memory of who asked for it."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from common.database import Database
from common.plaid import PlaidClient
from common.sealing import SealedToken, Vault
from link_api.domain import link_requests
from link_api.domain.link_requests import Request, Terms
from link_api.store import sessions
from link_api.store.sessions import NewSession


class LinkToken(BaseModel):
    """A token that opens Plaid Link in the browser, until `expiration`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    link_token: SecretStr
    expiration: AwareDatetime


class LinkTokens:
    """Asks Plaid for link tokens. Each is kept sealed, since only its sessions prove whose a public token is."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault, terms: Terms) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._terms = terms

    async def open(self, user_id: int) -> LinkToken:
        """Return a link token for a new item. Raises PlaidError."""
        return await self._ask(user_id, None, link_requests.new_link(self._terms, user_id))

    async def open_update_mode(self, user_id: int, integration_id: int, access_token: SealedToken) -> LinkToken:
        """Return a link token that repairs this user's integration. Raises PlaidError."""
        request = link_requests.update_mode(self._terms, user_id, self._vault.open(access_token))
        return await self._ask(user_id, integration_id, request)

    async def _ask(self, user_id: int, integration_id: int | None, request: Request) -> LinkToken:
        token = LinkToken.model_validate(await self._plaid.create_link_token(request))
        sealed = self._vault.seal(token.link_token)
        opened = NewSession(user_id, integration_id, sealed, self._terms.days_requested, token.expiration)
        async with self._database.transaction() as session:
            await sessions.add(session, opened)
        return token
