"""Seals every token with the newest key, in batches, beside whatever runs.

It keeps no account of where it is: whose seal a token is costs 4 µs to tell, so whoever begins again after a crash
passes over what is done. What another process stored or erased between reading and writing is left alone, and looked
at in another pass: it is done when a pass found nothing under an older key.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.sql.schema import Column

from common.database import Database
from common.sealing import Unsealable, Vault
from common.tables import sealed_columns
from ops.progress import Advance
from ops.store import seals
from ops.store.seals import Change, Sealed

BATCH = 500
"""Rows that are locked together, for some milliseconds."""
MOST_PASSES = 3
MOST_NAMED = 20
"""Tokens that no key opens and that are named; the others are counted."""


@dataclass(slots=True)
class Sealing:
    """How many tokens stand under one key, 1 being the newest, and when the youngest of them was sealed first."""

    key: int
    tokens: int = 0
    youngest: datetime | None = None


@dataclass(slots=True)
class Survey:
    """Whose seals all tokens bear."""

    keys: dict[int, Sealing] = field(default_factory=dict)
    unsealable: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def older(self) -> int:
        """How many tokens are sealed with another key than the newest."""
        return sum(one.tokens for one in self.keys.values() if one.key > 1)

    def add(self, vault: Vault, column: Column[Any], one: Sealed) -> bool:
        """Count a token; return whether an older key sealed it."""
        try:
            seal = vault.seal_of(one.token)
        except Unsealable:
            self.unsealable += 1
            if len(self.named) < MOST_NAMED:
                self.named.append(f"{column.table.name} {', '.join(map(str, one.key))}")
            return False
        under = self.keys.setdefault(seal.key + 1, Sealing(seal.key + 1))
        under.tokens += 1
        under.youngest = max(under.youngest or seal.at, seal.at)
        return seal.key > 0


async def total(database: Database) -> int:
    """Return how many sealed tokens there are."""
    async with database.transaction() as session:
        return sum([await seals.count(session, column) for column in sealed_columns()])


async def survey(database: Database, vault: Vault, advance: Advance) -> Survey:
    """Return whose seals all tokens bear; nothing is opened or changed."""
    found = Survey()
    async for column, batch in _batches(database):
        for one in batch:
            found.add(vault, column, one)
        advance(len(batch))
    return found


async def reseal(database: Database, vault: Vault, advance: Advance) -> tuple[int, Survey]:
    """Seal anew what an older key sealed; return how many tokens that was, and how all stood in the last pass."""
    done, found = 0, Survey()
    for number in range(MOST_PASSES):
        found = Survey()
        async for column, batch in _batches(database):
            changes = [
                Change(one.key, one.token, vault.reseal(one.token)) for one in batch if found.add(vault, column, one)
            ]
            if changes:
                async with database.transaction() as session:
                    await seals.replace(session, column, changes)
            done += len(changes)
            advance(0 if number else len(batch))
        if found.older == 0:
            break
    return done, found


async def _batches(database: Database) -> AsyncIterator[tuple[Column[Any], list[Sealed]]]:
    for column in sealed_columns():
        after = None
        while True:
            async with database.transaction() as session:
                batch = await seals.some(session, column, after, BATCH)
            if not batch:
                break
            yield column, batch
            after = batch[-1].key
