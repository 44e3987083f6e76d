"""One command's work: with a database beside it, and an end in one clear line when it cannot be done."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from common.broker import BrokerUnavailable, Unroutable
from common.database import Database, unavailable
from common.settings import Block, load
from ops import printing
from ops.settings import Settings
from ops.store.trail import Deed

T = TypeVar("T")
SettingsT = TypeVar("SettingsT", bound=Block)
Work = Callable[[Database], Awaitable[T]]

WRONG = 1
"""Exit code: done, and something is wrong with the data."""
REFUSED = 2
"""Exit code: it was asked wrongly, and nothing was done."""
AWAY = 3
"""Exit code: the database or the broker cannot serve."""
INTERRUPTED = 130

UNKNOWN_TABLES = ("42P01", "42703")
"""SQLSTATEs (PostgreSQL, appendix A): no such table, no such column."""


class Refused(Exception):
    """What was asked for makes no sense; the text says why."""


def settings() -> Settings:
    """Return the settings that every command may read, or end the command saying what to mend."""
    return read(Settings)


def read(kind: type[SettingsT]) -> SettingsT:
    """Return these settings, or end the command saying what to mend."""
    try:
        return load(kind)
    except SystemExit as end:
        fail(str(end.code), REFUSED)


def deed(command: str, subject: str | None = None, **arguments: Any) -> Deed:
    """Return what is done by whoever types the command, for the trail; `arguments` are ids, filters and switches."""
    return Deed(settings().operator or _user(), command, subject, arguments)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need have no name
        return f"uid {os.getuid()}"


def run(work: Work[T]) -> T:
    """Return what the work returns; end the command with a line and its exit code when that cannot be."""
    url = settings().database_url.get_secret_value()
    try:
        return asyncio.run(_work(url, work))
    except Refused as refusal:
        fail(str(refusal), REFUSED)
    except KeyboardInterrupt:
        fail("Interrupted. What was done or ordered stands; the same words go on with it.", INTERRUPTED)
    except (BrokerUnavailable, Unroutable) as error:
        fail(f"RabbitMQ cannot serve ({error}). See that it runs, and AMQP_URL; then the same words go on.", AWAY)
    except (SQLAlchemyError, OSError) as error:
        if outdated(error):
            fail("The database is not up to date with this release: run `make migrate`.", AWAY)
        if not unavailable(error):
            raise
        fail(f"PostgreSQL at {_where(url)} cannot serve ({_reason(error)}). See that it runs, and DATABASE_URL.", AWAY)


def fail(message: str, code: int) -> NoReturn:
    """End the command with a message on stderr."""
    printing.tell(message)
    raise typer.Exit(code)


def outdated(error: Exception) -> bool:
    """Return whether the database lacks what this release knows."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in UNKNOWN_TABLES


async def _work(url: str, work: Work[T]) -> T:
    database = Database(url, pool_size=1, application_name="ops")
    try:
        return await work(database)
    finally:
        await database.close()


def _where(url: str) -> str:
    parts = make_url(url)
    return f"{parts.host or 'its socket'}:{parts.port or 5432}/{parts.database or ''}"


def _reason(error: Exception) -> str:
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error.__cause__
    return type(cause or error).__name__
