"""Makes an integration of the public token that a Link session yielded."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from prometheus_client import Counter
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from common import outbox
from common.database import Database, unavailable
from common.events import SyncRequested
from common.plaid import ItemGone, PlaidClient, PlaidError, UserMustAct
from common.sealing import Vault
from link_api.claims import Claims, UnderWay, UsedUp
from link_api.domain import link_results
from link_api.domain.duplicates import duplicate_of
from link_api.domain.link_results import LinkedItem
from link_api.link_ends import ENDS
from link_api.presentation import Presentation
from link_api.store import accounts, exchanges, integrations, sessions
from link_api.store.exchanges import Claim
from link_api.store.integrations import NewItem
from link_api.store.sessions import LinkSession

log = structlog.get_logger(__name__)

LINKS = Counter("links_total", "Public tokens by what became of them", ["outcome"])

PAUSES = (0.1, 0.5, 2.0)
"""Seconds between two tries to store what cannot be asked for again."""
ORPHAN = (
    "The exchange succeeded but its access token was not stored: unless plaid_integrations has this item after all, "
    "have Plaid's support remove it; the user links anew. `ops exchanges list` has it."
)


class ForeignPublicToken(Exception):
    """No Link session of this user issued this public token."""


class DuplicateBank(Exception):
    """The user has linked one of these accounts already."""

    def __init__(self, integration_id: int) -> None:
        super().__init__(f"integration {integration_id}")
        self.integration_id = integration_id


class ForeignItem(Exception):
    """Another user has linked this very item."""


class Exchange:
    """From a public token to a stored integration whose first sync is asked for."""

    def __init__(self, database: Database, plaid: PlaidClient, vault: Vault, presentation: Presentation) -> None:
        self._database = database
        self._plaid = plaid
        self._vault = vault
        self._claims = Claims(database)
        self._presentation = presentation

    async def run(self, user_id: int, public_token: SecretStr, *, allow_duplicate: bool) -> int:
        """Return the integration that this public token has become, now or in an earlier call.

        Raises ForeignPublicToken, ForeignItem, DuplicateBank, UnderWay, UsedUp or PlaidError.
        """
        try:
            known = await self._claims.outcome(user_id, public_token)
            return known or await self._link(user_id, public_token, allow_duplicate=allow_duplicate)
        except Exception as error:
            LINKS.labels(OUTCOMES.get(type(error), "failed")).inc()
            raise

    async def _link(self, user_id: int, public_token: SecretStr, *, allow_duplicate: bool) -> int:
        link_session, item = await self._find(user_id, public_token)
        if not allow_duplicate:
            await self._refuse_duplicate(user_id, item)
        claim = await self._claims.take(user_id, public_token, item)
        if claim is None:  # somebody was faster
            known = await self._claims.outcome(user_id, public_token)
            if known is None:
                raise UnderWay
            return known
        new = await self._exchange(claim, public_token, link_session, item)
        integration_id = await self._keep(user_id, claim, link_session, new)
        ENDS.labels("linked").inc()
        duplicate = await self._presentation.show(
            user_id, integration_id, new.access_token, allow_duplicate=allow_duplicate
        )
        if duplicate is not None:
            raise DuplicateBank(duplicate)
        LINKS.labels("linked").inc()
        return integration_id

    async def _exchange(
        self, claim: Claim, public_token: SecretStr, link_session: LinkSession, item: LinkedItem
    ) -> NewItem:
        try:
            answer = await self._plaid.exchange_public_token(public_token)
        except PlaidError as error:
            await self._claims.give_up(claim, error)
            raise
        sealed = self._vault.seal(SecretStr(answer["access_token"]))
        return NewItem(
            answer["item_id"], sealed, item.institution_id, item.institution_name, link_session.days_requested
        )

    async def _find(self, user_id: int, public_token: SecretStr) -> tuple[LinkSession, LinkedItem]:
        async with self._database.transaction() as session:
            open_sessions = await sessions.still_open(session, user_id)
        for link_session in open_sessions:
            try:
                answer = await self._plaid.get_link_token(self._vault.open(link_session.link_token))
            except (UserMustAct, ItemGone) as error:
                log.info("link_session.unusable", link_session_id=link_session.id, error_code=error.code)
                continue
            if item := link_results.find(answer, public_token.get_secret_value()):
                return link_session, item
        raise ForeignPublicToken

    async def _refuse_duplicate(self, user_id: int, item: LinkedItem) -> None:
        if item.institution_id is None:
            return
        async with self._database.transaction() as session:
            known = await accounts.known(session, user_id, item.institution_id)
        if (duplicate := duplicate_of(item.accounts, known)) is not None:
            raise DuplicateBank(duplicate)

    async def _keep(self, user_id: int, claim: Claim, link_session: LinkSession, item: NewItem) -> int:
        """Store the item, whose token no one can ask for again; if that fails for good, tell operators which it was."""
        try:
            for pause in PAUSES:
                try:
                    return await self._store(user_id, claim, link_session, item)
                except (SQLAlchemyError, OSError) as error:
                    if not unavailable(error):
                        raise
                    log.warning("item.not_stored_yet", item_id=item.item_id, error=type(error).__name__)
                await asyncio.sleep(pause)
            return await self._store(user_id, claim, link_session, item)
        except (SQLAlchemyError, OSError, asyncio.CancelledError) as error:
            kind = type(error).__name__  # no traceback: PostgreSQL repeats the row that it refused
            log.error("item.orphaned", item_id=item.item_id, user_id=user_id, error=kind, advice=ORPHAN)  # noqa: TRY400
            with suppress(SQLAlchemyError, OSError):
                await self._claims.strand(claim, item.item_id)
            raise

    async def _store(self, user_id: int, claim: Claim, link_session: LinkSession, item: NewItem) -> int:
        """Store the token and ring the first doorbell together: whatever fails later, the item is ours and syncs."""
        async with self._database.transaction() as session:
            integration_id = await integrations.add(session, user_id, item)
            if integration_id is not None:
                await exchanges.end(session, claim.id, integration_id)
                await sessions.end_linked(session, link_session.id)
                request = SyncRequested(integration_id=integration_id, trigger="linked", requested_at=datetime.now(UTC))
                await outbox.emit(session, request)
            else:  # the item is held, by another user: nothing is left to clean up
                await exchanges.forget(session, claim.id)
        if integration_id is None:
            raise ForeignItem
        log.info("item.linked", integration_id=integration_id, institution_id=item.institution_id)
        return integration_id


OUTCOMES: dict[type[Exception], str] = {
    ForeignPublicToken: "foreign",
    ForeignItem: "foreign",
    UsedUp: "foreign",
    UnderWay: "repeated",
    DuplicateBank: "duplicate",
}
for outcome in ("linked", "failed", *OUTCOMES.values()):
    LINKS.labels(outcome)  # from the start: of a counter that begins with 1 Prometheus sees no increase
