"""The database's schema, step by step; `python -m common.migrations` brings DATABASE_URL up to date.

A step belongs before the roll-out of the release that brings it, and leaves the release before it at work. One that
says `after_rollout = True` takes away what no process of this release uses any more; it waits for its own command, or
for the next release.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from common.database import engine_url

MIGRATIONS = Path(__file__).parent
TURN = text("SELECT pg_try_advisory_lock(4021026)")
BREATH = 0.2
"""Seconds between two tries: who waited inside a statement would hold up an index that is built concurrently."""


async def upgrade(url: str, *, after_rollout: bool = False) -> int:
    """Take every step before the roll-out (or those after it too); return how many wait for the roll-out's end.

    Safe to run any number of times at once, on a database at `url` (postgresql://…) that others use.
    """
    engine = create_async_engine(engine_url(url))
    try:
        async with engine.connect() as connection:
            await _take_turn(connection)
            return await connection.run_sync(_upgrade, after_rollout)
    finally:
        await engine.dispose()


async def waiting(url: str) -> tuple[int, int]:
    """Return how many steps before a roll-out the database at `url` lacks, and how many after it."""
    engine = create_async_engine(engine_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_waiting)
    finally:
        await engine.dispose()


async def _take_turn(connection: AsyncConnection) -> None:
    """Wait until no other process migrates this database; the turn ends with the connection."""
    while True:
        ours = (await connection.execute(TURN)).scalar_one()
        await connection.commit()
        if ours:
            return
        await asyncio.sleep(BREATH)


def _upgrade(connection: Connection, after_rollout: bool) -> int:
    config = _config(connection)
    steps = _missing(config, connection)
    connection.rollback()
    now = steps if after_rollout else before_rollout(steps)
    if now:
        command.upgrade(config, now[-1].revision)
    return len(steps) - len(now)


def _waiting(connection: Connection) -> tuple[int, int]:
    steps = _missing(_config(connection), connection)
    before = len(before_rollout(steps))
    return before, len(steps) - before


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _missing(config: Config, connection: Connection) -> Sequence[Script]:
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(config).iterate_revisions("head", current or "base")
    return tuple(scripts)[::-1]


def before_rollout(steps: Sequence[Script]) -> Sequence[Script]:
    """Return the steps, oldest first, up to the last that this release needs at its start.

    One after an earlier release's roll-out is among them when a newer step follows: that roll-out is over.
    """
    needed = [number for number, step in enumerate(steps, start=1) if not is_after_rollout(step)]
    return steps[: max(needed, default=0)]


def is_after_rollout(step: Script) -> bool:
    """Return whether a step takes away what the release before it still uses."""
    return bool(getattr(step.module, "after_rollout", False))
