"""All Items and the tokens that lead to them."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.plans import Profile
from plaid_sandbox.book import open_book
from plaid_sandbox.changes import Shared
from plaid_sandbox.clock import Clock
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.institutions import Institution
from plaid_sandbox.items import Item

PUBLIC_TOKEN_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the client asked for when the Item was made."""

    products: Sequence[str]
    days_requested: int | None
    webhook: str | None


@dataclass(slots=True)
class PublicToken:
    """A token to exchange; an Item may have several."""

    token: str
    item_id: str
    expires_at: datetime
    used: bool = False


class Registry:
    """Finds Items by token and makes new ones. `logins` and `removed` are what a saved state needs besides."""

    def __init__(self, mint: Mint, clock: Clock) -> None:
        self.logins = 0
        self.removed: set[str] = set()
        self._mint = mint
        self._clock = clock
        self._items: dict[str, Item] = {}
        self._by_access_token: dict[str, Item] = {}
        self._public_tokens: dict[str, PublicToken] = {}

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def log_in(self, institution: Institution, profile: Profile) -> Login:
        """Return a new login; the Item that may come of it gets its accounts' ids from here."""
        self.logins += 1
        return self.login(institution, profile, self.logins)

    def login(self, institution: Institution, profile: Profile, number: int) -> Login:
        """Return the login of this number."""
        return Login(
            self._mint, institution.institution_id, profile, number, persistent=institution.persistent_accounts
        )

    async def create(self, login: Login, institution: Institution, account_ids: Collection[str], terms: Terms) -> Item:
        """Make the Item of this login; a long history is recalled in a thread, for it takes half a second."""
        item = await asyncio.to_thread(self.build, login, institution, self._clock.now(), terms)
        item.change(Shared(day=item.created_at.date(), account_ids=tuple(account_ids)))
        self.add(item)
        return item

    def build(self, login: Login, institution: Institution, created_at: datetime, terms: Terms) -> Item:
        """Return an Item that shares no account yet and that nobody can find yet."""
        return Item(
            item_id=login.identifier("item"),
            access_token=self._mint.token("access", login.number),
            institution=institution,
            book=open_book(login, created_at.date(), terms.days_requested),
            created_at=created_at,
            products=list(terms.products),
            webhook=terms.webhook,
        )

    def add(self, item: Item) -> None:
        """Let the Item be found."""
        self._items[item.item_id] = item
        self._by_access_token[item.access_token] = item

    def remove(self, item: Item) -> None:
        """Forget the Item; its token is dead at once."""
        item.removed = True
        self._items.pop(item.item_id, None)
        self._by_access_token.pop(item.access_token, None)
        self.removed.add(item.access_token)

    def find(self, item_id: str) -> Item | None:
        """Return the Item of this id."""
        return self._items.get(item_id)

    def by_access_token(self, access_token: str) -> Item:
        """Return the Item, or raise ITEM_NOT_FOUND when it was removed and INVALID_ACCESS_TOKEN when it never was."""
        if item := self._by_access_token.get(access_token):
            return item
        raise PlaidError("ITEM_NOT_FOUND" if access_token in self.removed else "INVALID_ACCESS_TOKEN")

    def issue_public_token(self, item: Item) -> str:
        """Return a new public token, good for one exchange within 30 minutes."""
        token = self._mint.token("public", self._mint.next("public token"))
        self.add_public_token(PublicToken(token, item.item_id, self._clock.now() + PUBLIC_TOKEN_LIFETIME))
        return token

    def add_public_token(self, token: PublicToken) -> None:
        """Let this token be exchanged."""
        self._public_tokens[token.token] = token

    @property
    def public_tokens(self) -> list[PublicToken]:
        """The tokens that have not expired, used or not."""
        return [token for token in self._public_tokens.values() if token.expires_at > self._clock.now()]

    def exchange(self, public_token: str) -> Item:
        """Return the Item of an unused, unexpired public token, or raise INVALID_PUBLIC_TOKEN."""
        known = self._public_tokens.get(public_token)
        if known is None or known.used or known.expires_at <= self._clock.now():
            raise PlaidError("INVALID_PUBLIC_TOKEN")
        known.used = True
        if (item := self.find(known.item_id)) is None:
            raise PlaidError("ITEM_NOT_FOUND")
        return item
