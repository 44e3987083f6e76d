import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import make_url

from common.database import Database
from common.sealing import Vault
from ops.checks import database as checks
from ops.checks.finding import Outcome
from tests.servers.databases import Databases
from tests.sync_worker.world import rows

OLD, NEW, LOST = (SecretStr(Fernet.generate_key().decode()) for _ in range(3))
ADD = """
    WITH someone AS (INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING)
    INSERT INTO plaid_integrations (user_id, item_id, access_token, days_requested) VALUES (1, :item_id, :token, 90)
"""


@pytest.mark.parametrize(
    ("change", "says", "remedy"),
    [
        ({"password": "hush"}, "does not let us in", "password"),
        ({"database": "hush"}, "has no such database", "make migrate"),
        ({"port": 1}, "cannot be reached", "host and port"),
    ],
)
async def test_why_it_does_not_serve(change: dict[str, object], says: str, remedy: str, database_url: str) -> None:
    """A wrong password, a database that is not there and a server that is not there are told apart."""
    url = make_url(database_url).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    pool = Database(url)
    [found] = await checks.reach(pool)
    await pool.close()
    assert (found.outcome, found.says, remedy in str(found.remedy)) == (Outcome.FAIL, says, True)


async def test_a_server_that_serves(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version and its free connections are told; too old or nearly full is to be seen to."""
    pool = Database(database_url)
    assert [one.outcome for one in await checks.reach(pool)] == [Outcome.OK, Outcome.OK]
    monkeypatch.setattr(checks, "OLDEST", 99)
    monkeypatch.setattr(checks, "NEARLY_ALL", 0.0)
    assert [one.outcome for one in await checks.reach(pool)] == [Outcome.WARN, Outcome.WARN]
    await pool.close()


async def test_migrations_that_are_missing(databases: Databases, database_url: str) -> None:
    """A database that no migration has seen, one that is up to date, and one that a later release migrated."""
    async with databases.empty() as url:
        [empty] = await checks.schema(url)
    [well] = await checks.schema(database_url)
    pool = Database(database_url)
    await rows(pool, "UPDATE alembic_version SET version_num = 'from the future'")
    await pool.close()
    [later] = await checks.schema(database_url)
    assert [one.outcome for one in (empty, well, later)] == [Outcome.FAIL, Outcome.OK, Outcome.WARN]
    assert "make migrate" in str(empty.remedy)


async def test_keys_that_do_not_open(database_url: str) -> None:
    """No token, one of the newest key, one of an older, one of a key that is gone: each is told for what it is."""
    pool, vault = Database(database_url), Vault([NEW, OLD])
    outcomes = [(await checks.keys(pool, vault))[0].outcome]
    for number, key in enumerate((NEW, OLD, LOST)):
        token = Vault([key]).seal(SecretStr("x")).ciphertext
        await rows(pool, ADD, item_id=f"item {number}", token=token)
        outcomes.append((await checks.keys(pool, vault))[0].outcome)
    await pool.close()
    assert outcomes == [Outcome.OK, Outcome.OK, Outcome.WARN, Outcome.FAIL]
