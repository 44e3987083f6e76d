import pytest
from sqlalchemy import make_url

from tests.ops.command import Ops
from tests.servers.databases import Databases

COMMANDS = [("items",), ("audit", "--all"), ("quarantine", "list"), ("quarantine", "replay", "--all"), ("usage",),
            ("item", "resync", "1", "--yes"), ("item", "show", "1"), ("item", "pause", "1"), ("history",)]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
async def test_without_a_database_it_says_so_in_a_line(words: tuple[str, ...]) -> None:
    """With the server away each command ends with 3 and one line that says where it looked, without the password."""
    ended = await Ops({"DATABASE_URL": "postgresql://cora:hush@127.0.0.1:1/cora"})(*words)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("PostgreSQL at 127.0.0.1:1/cora cannot serve (ConnectionRefusedError)")
    assert len(ended.err.splitlines()) == 1
    assert "hush" not in ended.err


@pytest.mark.parametrize("url", ["", "mysql://cora:hush@somewhere/cora"])
async def test_without_settings_it_says_what_is_needed(url: str) -> None:
    """A missing or senseless DATABASE_URL ends a command with 2 and its name, never its value."""
    ended = await Ops({"DATABASE_URL": url})("items")
    assert (ended.code, ended.out) == (2, "")
    assert "DATABASE_URL" in ended.err
    assert "hush" not in ended.err


async def test_a_database_of_another_release_is_named(databases: Databases) -> None:
    """Tables that are not there yet are a matter of `make migrate`, not a traceback."""
    async with databases.empty() as url:
        ended = await Ops({"DATABASE_URL": url})("items")
    assert ended.code == 3
    assert "make migrate" in ended.err


async def test_a_wrong_password_is_told_apart(database_url: str) -> None:
    """The reason is named where the server is there and does not let us in."""
    stranger = make_url(database_url).set(username="stranger", password="hush")
    ended = await Ops({"DATABASE_URL": stranger.render_as_string(hide_password=False)})("items")
    assert ended.code == 3
    assert "InvalidPasswordError" in ended.err
    assert "hush" not in ended.err
