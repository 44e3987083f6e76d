"""PostgreSQL of one process: a pool, and transactions that commit here and nowhere else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakSet

from prometheus_client import Gauge
from sqlalchemy import URL, event, exc, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from common.broker import Message
from common.tracing import watch

EMITTED = "emitted"
"""Key in `session.info` under which a transaction collects what it emitted."""

SERVER_SETTINGS = {
    "statement_timeout": "15000",
    "lock_timeout": "15000",
    "idle_in_transaction_session_timeout": "15000",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "jit": "off",
}
"""Milliseconds and seconds. Nothing of ours may rely on a lock that a frozen process could keep.

Compiling a plan takes 0.3 s, longer than any statement of ours; what `reach_by_index` makes dear would be compiled.
"""

NOT_NOW = ("08", "25006", "25P03", "28", "3D", "40", "53", "55P03", "57")
"""SQLSTATEs (PostgreSQL, appendix A): connection lost, a standby, idle too long, not let in, no such database, rolled
back, too full, locked, told to stop."""


DATA_EXCEPTION = "22"
"""Class of SQLSTATEs; asyncpg has the same for a parameter that it cannot convert."""

CONNECTIONS = Gauge("database_pool_connections", "Open connections of this process to PostgreSQL", ["state"])
SIZE = Gauge("database_pool_size", "Connections that this process may have at most")


class Unreachable(OSError):
    """No connection could be made."""


def unavailable(error: BaseException) -> bool:
    """Return whether an error of a transaction means that the database cannot serve now, but may in a moment."""
    if isinstance(error, exc.DBAPIError):
        sqlstate = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or sqlstate.startswith(NOT_NOW)
    return isinstance(error, Unreachable | ConnectionError | TimeoutError | exc.TimeoutError)


def _connect(dialect: Dialect, _record: object, args: list[Any], options: dict[str, Any]) -> DBAPIConnection:
    """Connect; an OSError (no such host, no socket, several addresses that refuse) says nothing of its origin."""
    try:
        return dialect.connect(*args, **options)
    except OSError as error:
        raise Unreachable(*error.args) from error


def _hide_values(context: ExceptionContext) -> None:
    """Cut values off an error and all that it was made of: DETAIL shows the row, a data exception a value."""
    cause = context.original_exception.__cause__
    sqlstate = getattr(cause, "sqlstate", None)
    if cause is None or not sqlstate or not cause.args:
        return
    said, detail = str(cause.args[0]), getattr(cause, "detail", None)
    kept = said.partition(": ")[0] if sqlstate.startswith(DATA_EXCEPTION) else said
    vars(cause)["detail"] = None
    cause.args = (kept, *cause.args[1:])
    cause.__cause__, cause.__suppress_context__ = None, True  # what asyncpg could not convert
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(
                arg.replace(f"\nDETAIL:  {detail}", "").replace(said, kept) for arg in map(str, error.args)
            )


def engine_url(url: str) -> URL:
    """Return a postgresql:// URL as SQLAlchemy's asyncpg wants it; libpq's `sslmode` is called `ssl` there."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    return parsed.set(query=query)


async def reach_by_index(session: AsyncSession) -> None:
    """Let the rest of this transaction reach rows by index alone.

    A plan that was cached while a table was small would go on reading it whole during a first import. Planning every
    execution anew instead (plan_cache_mode) would do so for each row's foreign keys too, and costs half of the speed.
    """
    await session.execute(text("SET LOCAL enable_seqscan = off"))


_pools: WeakSet[Any] = WeakSet()
"""Those of this process, counted when somebody asks."""
SIZE.set_function(lambda: sum(pool.size() for pool in _pools))
CONNECTIONS.labels("in_use").set_function(lambda: sum(pool.checkedout() for pool in _pools))
CONNECTIONS.labels("idle").set_function(lambda: sum(pool.checkedin() for pool in _pools))


class Database:
    """A pool of connections to one PostgreSQL; connects at first use, so a process starts while the server is down."""

    def __init__(self, url: str, *, pool_size: int = 10, application_name: str = "cora") -> None:
        self._engine = create_async_engine(
            engine_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=15,
            pool_pre_ping=False,
            pool_use_lifo=True,  # the one used last has its plans, and the server's caches, warm
            hide_parameters=True,
            connect_args={
                "timeout": 5,
                "command_timeout": 30,
                "server_settings": SERVER_SETTINGS | {"application_name": application_name},
            },
        )
        event.listen(self._engine.sync_engine, "do_connect", _connect)
        event.listen(self._engine.sync_engine, "handle_error", _hide_values)
        watch(self._engine.sync_engine)
        _pools.add(self._engine.pool)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False, autoflush=False)
        self._at_once = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self.after_commit: Callable[[list[Message]], None] = lambda _messages: None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Yield a session whose work commits together at the end, or not at all; then hand on what it emitted."""
        async with self._work(self._engine) as session:
            yield session

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncSession]:
        """Yield a session for one statement, which commits by itself: one round trip, where a transaction takes three.

        What it locks is free when the server has done it, and not when this process comes to say so.
        """
        async with self._work(self._at_once) as session:
            yield session

    @asynccontextmanager
    async def _work(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        async with self._sessions(bind=engine) as session:
            async with session.begin():
                yield session
            emitted: list[Message] = session.info.get(EMITTED, [])
        if emitted:
            self.after_commit(emitted)

    async def ping(self) -> None:
        """Raise unless the server answers."""
        async with self.statement() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        _pools.discard(self._engine.pool)
        await self._engine.dispose()
