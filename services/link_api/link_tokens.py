"""Opens Link sessions: a link token for the browser, and the memory of who asked for it."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from common.database import Database
from common.plaid import PlaidClient
from common.sealing import SealedToken, Vault
from link_api.domain import link_requests
from link_api.domain.digests import digest
from link_api.domain.link_requests import Request, Terms
from link_api.store import sessions
from link_api.store.sessions import NewSession

STATE_BYTES = 32


class Answer(BaseModel):
    """What Plaid answers: a token that opens Plaid Link in the browser, until `expiration`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    link_token: SecretStr
    expiration: AwareDatetime


@dataclass(frozen=True, slots=True)
class LinkToken:
    """A way into a Link session. Only the browser that began it knows `state`, by which it finds the way again."""

    link_token: SecretStr
    expiration: datetime
    state: SecretStr
    integration_id: int | None


class LinkTokens:
    """Asks Plaid for link tokens. Each is kept sealed, since only its sessions prove whose a public token is."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault, terms: Terms) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self.terms = terms

    async def open(self, user_id: int, terms: Terms) -> LinkToken:
        """Return a link token for a new item. Raises PlaidError."""
        return await self._ask(user_id, None, link_requests.new_link(terms, user_id))

    async def open_update_mode(
        self,
        user_id: int,
        integration_id: int,
        access_token: SealedToken,
        terms: Terms | None = None,
        *,
        selects_accounts: bool = False,
    ) -> LinkToken:
        """Return a link token that repairs this user's integration, or adds accounts to it. Raises PlaidError."""
        opened = self._vault.open(access_token)
        request = link_requests.update_mode(terms or self.terms, user_id, opened, selects_accounts=selects_accounts)
        return await self._ask(user_id, integration_id, request)

    async def resume(self, user_id: int, state: SecretStr) -> LinkToken | None:
        """Return the same link token again while the session can go on; None for another user's or an unknown state."""
        async with self._database.transaction() as session:
            found = await sessions.to_resume(session, user_id, digest(state))
        if found is None:
            return None
        return LinkToken(self._vault.open(found.link_token), found.expires_at, state, found.integration_id)

    async def _ask(self, user_id: int, integration_id: int | None, request: Request) -> LinkToken:
        answer = Answer.model_validate(await self._plaid.create_link_token(request))
        sealed, state = self._vault.seal(answer.link_token), SecretStr(token_urlsafe(STATE_BYTES))
        days = self.terms.days_requested
        opened = NewSession(user_id, integration_id, sealed, digest(state), days, answer.expiration)
        async with self._database.transaction() as session:
            await sessions.add(session, opened)
        return LinkToken(answer.link_token, answer.expiration, state, integration_id)
