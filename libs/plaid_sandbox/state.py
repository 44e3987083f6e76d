"""What a stand-in keeps over a restart: its Items and what happened to them. Their history follows from the seed."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ValidationError

from plaid_sandbox.bank.profiles import profile_of
from plaid_sandbox.book import Stage
from plaid_sandbox.changes import Change
from plaid_sandbox.core import Sandbox
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.institutions import INSTITUTIONS
from plaid_sandbox.items import Item
from plaid_sandbox.registry import Terms
from plaid_sandbox.webhooks.keys import Lifetime

_PAUSE = 0.25


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
    repaired_at: datetime | None
    last_successful_update: datetime | None
    last_failed_update: datetime | None
    last_webhook: tuple[datetime, str] | None

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
        item.error = PlaidError(self.error_code) if self.error_code else None
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
        )

    def restore(self, sandbox: Sandbox) -> None:
        """Bring a fresh stand-in to this state; histories that were being read are read on."""
        if self.seed != sandbox.settings.seed:
            raise ValueError(f"the state file was written with the seed {self.seed!r}: set it, or remove the file")
        sandbox.mint.starts = self.starts + 1
        sandbox.clock.advance(self.skipped)
        sandbox.registry.logins = self.logins
        sandbox.registry.removed = set(self.removed)
        sandbox.keys.restore(self.keys)
        for saved in self.items:
            item = saved.restore(sandbox)
            if item.started and item.book.stage < Stage.HISTORICAL_UPDATE_COMPLETE:
                sandbox.feed.resume(item)


class Keeper:
    """Keeps a stand-in's state in a file."""

    def __init__(self, sandbox: Sandbox, file: Path) -> None:
        self._sandbox = sandbox
        self._file = file
        self._written = ""

    def load(self) -> None:
        """Restore what was saved, if anything was, or raise ValueError with what to do."""
        if not self._file.exists():
            return
        try:
            saved = State.model_validate_json(self._file.read_text(encoding="utf-8"))
        except ValidationError as unreadable:
            raise ValueError(f"{self._file} holds no state of this version: remove it to start afresh") from unreadable
        saved.restore(self._sandbox)

    def save(self) -> None:
        """Write what has changed since the last time, whole or not at all."""
        text = State.of(self._sandbox).model_dump_json()
        if text != self._written:
            fresh = self._file.with_suffix(".new")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._file)
            self._written = text

    async def save_often(self) -> None:
        """Save four times a second, until cancelled."""
        while True:
            self.save()
            await asyncio.sleep(_PAUSE)
