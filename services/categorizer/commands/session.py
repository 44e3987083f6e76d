"""What commands have in common that ask the database."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from categorizer.settings import Deciding
from common.database import Database, unavailable
from common.settings import PostgresSettings, load

DONE, REFUSED, AWAY, INTERRUPTED = 0, 2, 3, 130
"""Exit codes: done, asked wrongly (settings), the database cannot serve, interrupted."""

Work = Callable[[Database, Deciding], Awaitable[None]]


class Settings(PostgresSettings, Deciding):
    """The database alone, and how the deployment decides."""


def run_with(work: Work) -> int:
    """Do the work with a database and the deployment's settings; return the exit code."""
    try:
        settings = load(Settings)
    except SystemExit as end:
        return _end(str(end.code), REFUSED)
    try:
        asyncio.run(_work(settings, work))
    except KeyboardInterrupt:
        return _end("Interrupted. What is done stays done; the same command goes on with the rest.", INTERRUPTED)
    except (SQLAlchemyError, OSError) as error:
        if not unavailable(error):
            raise
        return _end(f"PostgreSQL cannot serve ({type(error).__name__}). See that it runs, and DATABASE_URL.", AWAY)
    return DONE


async def _work(settings: Settings, work: Work) -> None:
    database = Database(settings.database_url.get_secret_value(), pool_size=1, application_name="categorizer-command")
    try:
        await work(database, settings)
    finally:
        await database.close()


def _end(message: str, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code
