"""Link tokens and what happens in Plaid Link while its window is open."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.login import Login
from plaid_sandbox.clock import Clock
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.institutions import Institution
from plaid_sandbox.items import Item, instant
from plaid_sandbox.requests import LinkTokenCreate

NEW_LIFETIME = timedelta(hours=4)
UPDATE_LIFETIME = timedelta(minutes=30)


@dataclass(slots=True)
class Authentication:
    """A login in the making: its accounts wait for the user to choose among them."""

    auth_session: str
    institution: Institution
    login: Login
    accounts: list[Account]
    oauth_state_id: str | None = None
    approved: bool = True


@dataclass(slots=True)
class Session:
    """One opening of the Link window."""

    link_session_id: str
    started_at: datetime
    finished_at: datetime | None = None
    events: list[dict[str, object]] = field(default_factory=list)
    success: dict[str, object] | None = None
    exit: dict[str, object] | None = None

    def fields(self) -> dict[str, object]:
        """Return Plaid's LinkTokenGetSessionsResponse."""
        fields: dict[str, object] = {
            "events": self.events,
            "finished_at": instant(self.finished_at),
            "link_session_id": self.link_session_id,
            "started_at": instant(self.started_at),
        }
        if self.success:
            fields |= {"on_success": self.success, "results": _results(self.success)}
        return fields | {"exit": self.exit, "on_exit": self.exit} if self.exit else fields


@dataclass(slots=True)
class LinkToken:
    """What /link/token/create was asked, and the sessions that were opened with it. `item` is set in update mode."""

    token: str
    ask: LinkTokenCreate
    item: Item | None
    created_at: datetime
    expires_at: datetime
    sessions: list[Session] = field(default_factory=list)
    authentications: dict[str, Authentication] = field(default_factory=dict)

    @property
    def selects_accounts(self) -> bool:
        """Whether the user picks accounts: always for a new Item, in update mode where it was asked for."""
        return self.item is None or bool(self.ask.update and self.ask.update.account_selection_enabled)

    def offers(self, account: Account) -> bool:
        """Whether the token's account filters let this account be seen; a type that is not listed is hidden."""
        if not self.ask.account_filters:
            return True
        subtypes = self.ask.account_filters.get(account.type, {}).get("account_subtypes", [])
        return "all" in subtypes or account.subtype in subtypes

    def accounts_of(self, login: Login) -> list[Account]:
        """Return what the user may choose from: of an Item's accounts those that are open now, new ones too."""
        known = self.item.book.open_accounts if self.item else login.open_accounts().values()
        return [account for account in known if self.offers(account)]

    def authentication(self, auth_session: str) -> Authentication:
        """Return the login begun under this id, or raise INVALID_FIELD."""
        try:
            return self.authentications[auth_session]
        except KeyError:
            raise PlaidError("INVALID_FIELD", "auth_session is not of this link_token") from None

    def by_state(self, oauth_state_id: str) -> Authentication:
        """Return the login at an OAuth bank, or raise OAUTH_STATE_ID_NOT_FOUND."""
        for begun in self.authentications.values():
            if begun.oauth_state_id == oauth_state_id:
                return begun
        raise PlaidError("OAUTH_STATE_ID_NOT_FOUND")

    def metadata(self) -> dict[str, object]:
        """Return Plaid's LinkTokenGetMetadataResponse."""
        return {
            "client_name": self.ask.client_name,
            "country_codes": self.ask.country_codes,
            "initial_products": self.ask.products or [],
            "language": self.ask.language,
            "redirect_uri": self.ask.redirect_uri,
            "webhook": self.ask.webhook,
        }


class Links:
    """Makes link tokens and keeps their sessions."""

    def __init__(self, mint: Mint, clock: Clock) -> None:
        self._mint = mint
        self._clock = clock
        self._tokens: dict[str, LinkToken] = {}

    def create(self, ask: LinkTokenCreate, item: Item | None) -> LinkToken:
        """Return a new link token, good for four hours, in update mode for 30 minutes."""
        now = self._clock.now()
        token = self._mint.token("link", self._mint.next("link token"))
        link = LinkToken(token, ask, item, now, now + (UPDATE_LIFETIME if item else NEW_LIFETIME))
        self.add(link)
        return link

    def add(self, link: LinkToken) -> None:
        """Let the link token be found."""
        self._tokens[link.token] = link

    def __iter__(self) -> Iterator[LinkToken]:
        return iter(self._tokens.values())

    def find(self, token: str) -> LinkToken:
        """Return the link token, expired or not, or raise INVALID_LINK_TOKEN."""
        try:
            return self._tokens[token]
        except KeyError:
            raise PlaidError("INVALID_LINK_TOKEN") from None

    def open(self, token: str) -> tuple[LinkToken, Session]:
        """Return the token and its unfinished session, a new one if there is none; expired tokens are invalid."""
        link = self.find(token)
        if link.expires_at <= self._clock.now() or (link.item is not None and link.item.removed):
            raise PlaidError("INVALID_LINK_TOKEN")
        if not link.sessions or link.sessions[-1].finished_at:
            session_id = self._mint.uuid(self._mint.next("link session"))
            link.sessions.append(Session(session_id, self._clock.now()))
        return link, link.sessions[-1]

    def by_auth_session(self, auth_session: str) -> tuple[LinkToken, Authentication]:
        """Return the login of this id and its link token, or raise OAUTH_STATE_ID_NOT_FOUND."""
        for link in self._tokens.values():
            if auth_session in link.authentications:
                return link, link.authentications[auth_session]
        raise PlaidError("OAUTH_STATE_ID_NOT_FOUND")

    def begin(self, link: LinkToken, institution: Institution, login: Login, *, oauth: bool) -> Authentication:
        """Remember a login; at an OAuth bank it waits for the user's approval there."""
        auth_session = self._mint.uuid(self._mint.next("auth session"))
        if not (accounts := link.accounts_of(login)):
            raise PlaidError("NO_ACCOUNTS")
        state = self._mint.uuid("oauth state", auth_session) if oauth else None
        begun = Authentication(auth_session, institution, login, accounts, state, approved=not oauth)
        link.authentications[auth_session] = begun
        return begun

    def note(self, session: Session, name: str, metadata: Mapping[str, object]) -> None:
        """Add an event that the Link window reported."""
        session.events.append(
            {
                "event_id": self._mint.uuid(self._mint.next("link event")),
                "event_metadata": {key: value for key, value in metadata.items() if isinstance(value, str)},
                "event_name": name,
                "timestamp": instant(self._clock.now()),
            }
        )

    def succeed(self, session: Session, public_token: str, metadata: Mapping[str, object]) -> None:
        """End the session with a public token."""
        session.finished_at = self._clock.now()
        session.success = {"metadata": metadata, "public_token": public_token}

    def leave(self, session: Session, error: Mapping[str, object] | None, metadata: Mapping[str, object]) -> None:
        """End the session without one, unless it ended already."""
        if session.finished_at is None:
            session.finished_at = self._clock.now()
            session.exit = {"error": error, "metadata": metadata}


def _results(success: Mapping[str, object]) -> dict[str, object]:
    metadata = success["metadata"]
    shared = {key: metadata[key] for key in ("accounts", "institution")} if isinstance(metadata, Mapping) else {}
    return {
        "bank_income_results": [],
        "cra_document_upload_results": None,
        "cra_item_add_results": [],
        "cra_update_results": [],
        "document_income_results": None,
        "item_add_results": [shared | {"public_token": success["public_token"]}],
        "payroll_income_results": [],
    }
