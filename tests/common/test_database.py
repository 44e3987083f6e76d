import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from common import outbox
from common.broker import Message
from common.database import Database, engine_url, unavailable
from common.events import RemovalRequested

INSERT = text("INSERT INTO users (id, email) VALUES (:id, :email)")
COUNT = text("SELECT count(*) FROM users")
END = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()")
EVENT = RemovalRequested(integration_id=7)


async def count(database: Database) -> int:
    async with database.transaction() as session:
        return int((await session.execute(COUNT)).scalar_one())


async def test_a_transaction_commits(database: Database) -> None:
    """What a block wrote stands when it ended well."""
    async with database.transaction() as session:
        await session.execute(INSERT, {"id": 1, "email": "a@example.com"})

    assert await count(database) == 1


async def test_a_fault_rolls_back(database: Database) -> None:
    """A block that raises leaves nothing, not even what came before the fault."""

    async def write_and_fail() -> None:
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": 1, "email": "a@example.com"})
            raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        await write_and_fail()
    assert await count(database) == 0


async def test_a_refused_statement_rolls_back(database: Database) -> None:
    """A statement that PostgreSQL refuses takes the whole transaction with it."""

    async def write_twice() -> None:
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": 1, "email": "a@example.com"})
            await session.execute(INSERT, {"id": 1, "email": "b@example.com"})

    with pytest.raises(IntegrityError):
        await write_twice()
    assert await count(database) == 0


async def test_a_cancelled_block_rolls_back(database: Database) -> None:
    """A task that is cancelled in the middle leaves nothing, and its connection serves the next one."""
    written = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": 1, "email": "a@example.com"})
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await written.wait()
    task.cancel()
    await asyncio.wait([task])

    assert await count(database) == 0


async def test_others_see_nothing_before_the_commit(database: Database) -> None:
    """Until a block ends its work is its own."""
    async with database.transaction() as session:
        await session.execute(INSERT, {"id": 1, "email": "a@example.com"})
        assert await count(database) == 0
    assert await count(database) == 1


async def test_after_commit_comes_after_the_commit(database: Database) -> None:
    """What a transaction emitted is handed on once it is durable, not while it may still fail."""
    handed_on: list[Message] = []
    database.after_commit = handed_on.extend
    async with database.transaction() as session:
        await outbox.emit(session, EVENT)
        await outbox.emit(session, EVENT)
        assert handed_on == []

    assert [message.type for message in handed_on] == ["item.removal_requested"] * 2


LATE = text("ALTER TABLE users ADD CONSTRAINT late UNIQUE (email) DEFERRABLE INITIALLY DEFERRED")


async def emit_and_raise(database: Database) -> None:
    async with database.transaction() as session:
        await outbox.emit(session, EVENT)
        raise RuntimeError


async def emit_and_fail_to_commit(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(LATE)
        await outbox.emit(session, EVENT)
        for number in (1, 2):
            await session.execute(INSERT, {"id": number, "email": "the-same@example.com"})


@pytest.mark.parametrize(("fail", "error"), [(emit_and_raise, RuntimeError), (emit_and_fail_to_commit, IntegrityError)])
async def test_nothing_is_handed_on_without_a_commit(
    database: Database, fail: Callable[[Database], Awaitable[None]], error: type[Exception]
) -> None:
    """A transaction that failed hands nothing on, whether our code raised or the commit itself."""
    handed_on: list[Message] = []
    database.after_commit = handed_on.extend

    with pytest.raises(error):
        await fail(database)

    assert handed_on == []
    assert await count(database) == 0


async def test_a_quiet_transaction_hands_nothing_on(database: Database) -> None:
    """Where nothing was emitted nobody is called."""

    def never(_messages: list[Message]) -> None:
        raise AssertionError

    database.after_commit = never
    assert await count(database) == 0


async def test_every_connection_has_its_bounds(database: Database) -> None:
    """No statement, lock or idle transaction outlives 15 seconds."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    async with database.transaction() as session:
        found = [(await session.execute(text(f"SHOW {name}"))).scalar_one() for name in names]

    assert found == ["15s", "15s", "15s"]


async def test_a_process_starts_without_its_server() -> None:
    """Nothing connects before it is used, and then the fault is the server's."""
    database = Database("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(OSError, match="Connect call failed") as error:
        await database.ping()
    assert unavailable(error.value)
    await database.close()


@pytest.mark.parametrize("change", [{"username": "nobody"}, {"database": "no_such"}])
async def test_a_server_that_lets_nobody_in_is_unavailable(database_url: str, change: dict[str, Any]) -> None:
    """No connection means that the database cannot serve now, whoever is to mend it: messages wait, none is buried."""
    url = make_url(database_url).set(**change).render_as_string(hide_password=False)
    closed = Database(url)

    with pytest.raises(DBAPIError) as error:
        await closed.ping()

    assert unavailable(error.value)
    await closed.close()


async def test_a_refusal_is_not_an_outage(database: Database) -> None:
    """A statement that PostgreSQL refuses would be refused again."""

    async def fail() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError) as error:
        await fail()

    assert not unavailable(error.value)


async def test_a_server_that_came_back(database: Database) -> None:
    """Connections that the server ended are replaced: one call may fail, the next does not."""

    async def end_every_connection() -> None:
        async with database.transaction() as session:
            await session.execute(END)

    await asyncio.gather(*(database.ping() for _ in range(3)))
    with pytest.raises(DBAPIError):
        await end_every_connection()

    for _ in range(5):
        await database.ping()


async def test_parameters_do_not_show(database: Database) -> None:
    """An error of the database tells no parameter: it may be a token."""

    async def fail() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1 / (length(:token) - length(:token))"), {"token": "shh"})

    with pytest.raises(DBAPIError) as error:
        await fail()
    assert "division by zero" in str(error.value)
    assert "shh" not in str(error.value)


ROW = "9999-8888-7777"
REFUSED = [
    "INSERT INTO outbox (id, type, body, correlation_id) VALUES (gen_random_uuid(), CAST(:row AS text), NULL, 'x')",
    "INSERT INTO users (id, email) SELECT 7, CAST(:row AS text) FROM generate_series(1, 2)",
]


@pytest.mark.parametrize("statement", REFUSED, ids=["incomplete", "twice"])
async def test_rows_do_not_show(database: Database, statement: str) -> None:
    """Nor does it tell the row that was refused, nowhere in a logged traceback: a row is somebody's money."""
    with pytest.raises(IntegrityError) as error:
        async with database.transaction() as session:
            await session.execute(text(statement), {"row": ROW})
    logged = "".join(traceback.format_exception(error.value))
    assert "violates" in logged
    assert ROW not in logged
    assert "DETAIL" not in logged


BAD = [
    ("SELECT CAST(:row AS numeric)", ROW),
    ("SELECT CAST(CAST(:row AS text) AS integer)", ROW),
    ("SELECT CAST(:row AS json)", ROW),
    ("SELECT :row + 1", ROW),
]


@pytest.mark.parametrize(("statement", "value"), BAD, ids=["driver", "server", "json", "kind"])
async def test_values_do_not_show(database: Database, statement: str, value: str) -> None:
    """Nor the value that does not fit its type, whether PostgreSQL or its driver refuses it."""
    with pytest.raises(DBAPIError) as error:
        async with database.transaction() as session:
            await session.execute(text(statement), {"row": value})
    assert value not in "".join(traceback.format_exception(error.value))


async def test_times_are_aware(database: Database) -> None:
    """A time comes back with its zone."""
    async with database.transaction() as session:
        now = (await session.execute(text("SELECT now()"))).scalar_one()

    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:5432/d", "postgresql+asyncpg://u:p@h:5432/d"),
        ("postgresql://u:p%40@h/d?sslmode=require", "postgresql+asyncpg://u:p%40@h/d?ssl=require"),
        ("postgresql://u@/d?host=/run/postgresql", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpostgresql"),
    ],
)
def test_urls(url: str, expected: str) -> None:
    """A URL as every PostgreSQL tool takes it is taken."""
    assert engine_url(url).render_as_string(hide_password=False) == expected
