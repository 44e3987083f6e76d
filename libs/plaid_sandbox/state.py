"""What a stand-in keeps over a restart: all that it told anybody. What follows from the seed is not in it.

Faults, outages and mutations are levers of one run and are not kept.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel

from plaid_sandbox.bank.profiles import profile_of
from plaid_sandbox.changes import Change
from plaid_sandbox.core import Sandbox
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.institutions import INSTITUTIONS
from plaid_sandbox.items import Item
from plaid_sandbox.registry import PublicToken, Terms
from plaid_sandbox.state_links import LinkState, is_worth_keeping
from plaid_sandbox.webhooks.courier import Parcel
from plaid_sandbox.webhooks.keys import Lifetime


class ItemState(BaseModel):
    """One Item, without the history that can be recalled."""

    number: int
    institution_id: str
    username: str
    created_at: datetime
    products: list[str]
    days_requested: int | None
    webhook: str | None
    changes: list[Change]
    started: bool
    armed: bool
    error_code: str | None
    error_reason: str | None = None
    repaired_at: datetime | None
    last_successful_update: datetime | None
    last_failed_update: datetime | None
    last_webhook: tuple[datetime, str] | None
    consent_ends_at: datetime | None = None
    disconnects_at: datetime | None = None
    refreshes_due: int = 0

    @classmethod
    def of(cls, item: Item) -> Self:
        """Return the state of this Item."""
        login = item.book.login
        return cls(
            number=login.number,
            institution_id=login.institution_id,
            username=login.profile.username,
            days_requested=item.book.days_requested,
            error_code=item.error.code if item.error else None,
            error_reason=item.error.reason if item.error else None,
            **{name: getattr(item, name) for name in _PLAIN},
        )

    def restore(self, sandbox: Sandbox) -> Item:
        """Make the Item again, as it was."""
        registry, institution = sandbox.registry, INSTITUTIONS[self.institution_id]
        profile = profile_of(self.username)
        if profile is None:
            raise ValueError(f"the state file names a user {self.username!r} that this version does not have")
        login = registry.login(institution, profile, self.number)
        item = registry.build(
            login, institution, self.created_at, Terms(self.products, self.days_requested, self.webhook)
        )
        for change in self.changes:
            item.change(change)
        for name in _PLAIN - {"changes", "created_at", "products", "webhook"}:
            setattr(item, name, getattr(self, name))
        item.error = PlaidError(self.error_code, reason=self.error_reason) if self.error_code else None
        registry.add(item)
        return item


_PLAIN = frozenset(ItemState.model_fields.keys() & Item.__dataclass_fields__.keys())


class State(BaseModel):
    """A whole stand-in. `starts` keeps the tokens of one run apart from those of the next."""

    version: Literal[1] = 1
    seed: str
    starts: int
    skipped: float
    logins: int
    removed: list[str]
    keys: list[Lifetime]
    items: list[ItemState]
    public_tokens: list[PublicToken] = []
    links: list[LinkState] = []
    webhooks: list[Parcel] = []

    @classmethod
    def of(cls, sandbox: Sandbox) -> Self:
        """Return the state of this stand-in."""
        return cls(
            seed=sandbox.settings.seed,
            starts=sandbox.mint.starts,
            skipped=sandbox.clock.skipped,
            logins=sandbox.registry.logins,
            removed=sorted(sandbox.registry.removed),
            keys=sandbox.keys.lifetimes,
            items=[ItemState.of(item) for item in sandbox.registry],
            public_tokens=sandbox.registry.public_tokens,
            links=[LinkState.of(link) for link in sandbox.links if is_worth_keeping(link, sandbox.clock.now())],
            webhooks=sandbox.courier.undelivered,
        )

    def restore(self, sandbox: Sandbox) -> None:
        """Bring a fresh stand-in to this state, and let it go on with what it had begun.

        A public token that was exchanged can be exchanged once more: the answer may have died with the process.
        """
        if self.seed != sandbox.settings.seed:
            raise ValueError(f"the state file was written with the seed {self.seed!r}: set it, or remove the file")
        sandbox.mint.starts = self.starts + 1
        sandbox.clock.advance(self.skipped)
        sandbox.registry.logins = self.logins
        sandbox.registry.removed = set(self.removed)
        sandbox.keys.restore(self.keys)
        for saved in self.items:
            sandbox.feed.resume(saved.restore(sandbox))
        for token in self.public_tokens:
            sandbox.registry.add_public_token(replace(token, used=False))
        for link in self.links:
            link.restore(sandbox)
        sandbox.courier.resume(self.webhooks)
