import ast
import asyncio
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from common import migrations
from common.database import Database
from common.tables import metadata
from tests.servers.databases import Databases


def drift(connection: Connection) -> Sequence[Any]:
    """Return what autogenerate would still have to migrate."""
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_migrations_build_the_tables(database_url: str) -> None:
    """The migrations and the table definitions describe the same database."""
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        assert await connection.run_sync(drift) == []
    await engine.dispose()


async def migrate(url: str) -> int:
    """Run the command that `make migrate` runs; return its exit code."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "common.migrations", env=dict(os.environ) | {"DATABASE_URL": url}
    )
    async with asyncio.timeout(60):
        return await child.wait()


async def test_migrating_at_once_and_again_is_harmless(databases: Databases) -> None:
    """Several processes may migrate one empty database at the same moment, and again."""
    async with databases.empty() as url:
        assert await asyncio.gather(*(migrate(url) for _ in range(3))) == [0, 0, 0]
        assert await migrate(url) == 0


@dataclass(frozen=True)
class Step:
    """As much of a step as says when it is taken."""

    module: SimpleNamespace


@pytest.mark.parametrize(
    ("steps", "now"),
    [("", 0), ("b", 1), ("bb", 2), ("ba", 1), ("baa", 1), ("bab", 3), ("aab", 3), ("a", 0)],
    ids=lambda value: str(value) or "none",
)
def test_what_comes_before_a_rollout(steps: str, now: int) -> None:
    """Steps after a roll-out wait, unless a newer release's step follows: then that roll-out is long over."""
    made = [Step(SimpleNamespace(after_rollout=True) if step == "a" else SimpleNamespace()) for step in steps]
    assert len(migrations.before_rollout(cast("Sequence[Script]", made))) == now


HEAD = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = {number!r}, {before!r}, None, None
"""
RELEASE = (
    "def upgrade():\n    op.create_table('things', sa.Column('id', sa.Integer), sa.Column('old', sa.Integer))\n",
    """
def upgrade():
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.create_index("ix_things_id", "things", ["id"], postgresql_concurrently=True)
""",
    "after_rollout = True\ndef upgrade():\n    op.drop_column('things', 'old')\n",
)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three steps of a release instead of ours: a table, an index built beside writers, a column less."""
    shutil.copy(migrations.MIGRATIONS / "env.py", tmp_path)
    (tmp_path / "versions").mkdir()
    for number, body in enumerate(RELEASE, start=1):
        head = HEAD.format(number=str(number), before=str(number - 1) if number > 1 else None)
        (tmp_path / "versions" / f"step_{number}.py").write_text(head + body)
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path)


@pytest.mark.usefixtures("chain")
async def test_before_and_after_a_rollout(databases: Databases) -> None:
    """Before it what is added comes, after it what is old goes; an index hinders no writer, waiters hinder no index."""
    async with databases.empty() as url:
        assert await migrations.waiting(url) == (2, 1)
        assert await asyncio.gather(*(migrations.upgrade(url) for _ in range(3))) == [1, 1, 1]
        assert await columns(url) == ["id", "old"]
        assert await migrations.waiting(url) == (0, 1)
        assert await migrations.upgrade(url, after_rollout=True) == 0
        assert await columns(url) == ["id"]


async def columns(url: str) -> list[str]:
    """Return the columns of the chain's table, whose index must be whole."""
    database = Database(url)
    async with database.transaction() as session:
        assert (
            await session.execute(text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_things_id'::regclass"))
        ).scalar_one()
        found = await session.execute(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = 'things' ORDER BY 1")
        )
    await database.close()
    return list(found.scalars())


@pytest.mark.usefixtures("chain")
async def test_a_step_never_queues_for_a_table(databases: Databases) -> None:
    """A step that cannot have its table soon gives up and leaves nothing half done; the same command goes on later."""
    async with databases.empty() as url:
        await migrations.upgrade(url)
        database = Database(url)
        async with database.transaction() as session:
            await session.execute(text("SELECT count(*) FROM things"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await migrations.upgrade(url, after_rollout=True)
        assert await columns(url) == ["id", "old"]
        assert await migrations.upgrade(url, after_rollout=True) == 0
        await database.close()


TAKES_AWAY = {"drop_column", "drop_table", "drop_constraint", "rename_table"}
CHANGES = {"type_", "new_column_name", "nullable"}
LARGE = {"plaid_transactions", "expenses", "outbox", "user_events"}
"""Tables that grow with every transaction: building an index in the ordinary way would stop their writers."""
FIRST_RELEASE = "0012"


def ours() -> list[Script]:
    """Return our own steps, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(migrations.MIGRATIONS))
    return list(ScriptDirectory.from_config(config).walk_revisions())[::-1]


def operations(step: Script) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of `op` that a step's upgrade makes."""
    tree = ast.parse(Path(step.path).read_text())
    upgrade = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    for node in ast.walk(upgrade):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "op":
            yield node.func.attr, node


@pytest.mark.parametrize("step", ours(), ids=lambda step: step.revision)
def test_a_step_before_a_rollout_leaves_the_last_release_at_work(step: Script) -> None:
    """Nothing that older processes use is taken away or changed under them, and no large table is locked for long."""
    for name, call in operations(step):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if not migrations.is_after_rollout(step):
            assert name not in TAKES_AWAY, f"{name} belongs into a step with `after_rollout = True`"
            assert not (name == "alter_column" and CHANGES & given.keys()), "old processes know the column as it was"
            if name == "add_column":
                column = ast.unparse(call.args[1])
                assert "nullable=False" not in column or "server_default" in column, "old processes do not fill it"
        if name == "create_index" and step.revision > FIRST_RELEASE:
            table = ast.literal_eval(call.args[1])
            assert table not in LARGE or "postgresql_concurrently" in given, f"{table} is large: build concurrently"
