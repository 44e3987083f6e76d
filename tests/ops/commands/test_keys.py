import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import plaid_sandbox.settings
from common.database import Database
from common.sealing import SealedToken, Unsealable, Vault
from common.tables import sealed_columns
from ops import resealing
from ops.store import seals
from plaid_sandbox.main import create_app
from tests.link_api.world import World, bearer, world
from tests.ops.command import Ops
from tests.sync_worker.world import Worker, worker

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
SEAL = "gAAAAA"
"""How every Fernet token of this century begins."""
COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb', 'json')
"""


def vault(*keys: str) -> Vault:
    return Vault([SecretStr(key) for key in keys])


async def under_seal(database: Database) -> dict[tuple[str, str], list[str]]:
    """Return all that is sealed in the database, by table and column, wherever it stands."""
    found = {}
    async with database.transaction() as session:
        for table, column in (await session.execute(text(COLUMNS))).all():
            query = text(f"SELECT CAST({column} AS text) FROM {table} WHERE CAST({column} AS text) LIKE '%{SEAL}%'")
            if rows := list((await session.execute(query)).scalars()):
                found[table, column] = rows
    return found


@dataclass(frozen=True, slots=True)
class Running:
    """link_api and a sync_worker that have both keys, over rows that the old one sealed."""

    live: World
    worker: Worker
    ops: Ops

    async def link(self, user_id: int) -> int:
        """Link a bank; its client asks so that it may ask again."""
        public_token = await self.live.link.succeed(await self.live.link_token(user_id))
        answer = await self.live.api.post(
            "/api/plaid/exchange_public_token",
            json={"public_token": public_token},
            headers=bearer(user_id) | {"Idempotency-Key": f"link {user_id}"},
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def seal_all_with(self, key: str) -> None:
        """Make rows of before the new key came: all that stands is sealed with this one."""
        async with self.live.database.transaction() as session:
            for column in sealed_columns():
                for one in await seals.some(session, column, None, 1000):
                    opened = vault(NEW, OLD).open(one.token)
                    await seals.replace(session, column, [seals.Change(one.key, one.token, vault(key).seal(opened))])


@asynccontextmanager
async def deployment(database_url: str) -> AsyncIterator[Running]:
    sandbox = create_app(plaid_sandbox.settings.Settings(initial_delay=0, historical_delay=0))
    async with world(database_url, sandbox, plaid_encryption_key=f"{NEW},{OLD}") as live:
        works = worker(database_url, str(live.link.plaid.base_url).rstrip("/"), vault(NEW, OLD))
        try:
            yield Running(live, works, Ops({"DATABASE_URL": database_url, "PLAID_ENCRYPTION_KEY": f"{NEW},{OLD}"}))
        finally:
            works.plaid.close()
            await works.database.close()


@pytest.fixture
async def running(database_url: str) -> AsyncIterator[Running]:
    async with deployment(database_url) as made:
        yield made


TRAIL = "SELECT command, outcome FROM ops_audit WHERE command = 'keys rotate'"


async def left(running: Running) -> list[str]:
    """Return all that the newest key alone does not open."""
    newest, wrong = vault(NEW), []
    for (table, column), tokens in (await under_seal(running.live.database)).items():
        for token in tokens:
            try:
                newest.open(SealedToken(token))
            except Unsealable:
                wrong.append(f"{table}.{column}")
    return wrong


async def test_the_old_key_is_needed_no_more(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealed anew while banks are read, linked and removed: then the new key opens all of the database by itself.

    A sync that took its token before goes on, one after it begins; what a removal erased stays erased.
    """
    monkeypatch.setattr(resealing, "BATCH", 1)
    first, second, third = [await running.link(user_id) for user_id in (1, 2, 3)]
    await running.seal_all_with(OLD)
    held, go = asyncio.Event(), asyncio.Event()

    async def hold(name: str, _ask: object) -> None:
        if name == "transactions_sync":
            held.set()
            await go.wait()

    running.worker.plaid.watch.before = hold
    syncing = asyncio.create_task(running.worker.ring(first))
    await held.wait()
    rotating = asyncio.create_task(running.ops.process("keys", "rotate", "--yes", "--json"))
    fourth = await running.link(4)
    assert (await running.live.delete(f"/api/plaid/integrations/{third}", 3)).status_code < 300
    await running.worker.removal.run(third)
    ended = await rotating
    go.set()
    await syncing
    running.worker.plaid.watch.before = None
    assert (ended.code, ended.rows[1]["tokens"]) == (0, 0), ended.err
    assert [row["outcome"][-40:] for row in await running.live.rows(TRAIL)] == [
        "sealed anew, 0 left, 0 that no key opens"
    ]
    assert (SEAL in ended.out + ended.err, NEW in ended.err) == (False, False)

    assert await left(running) == []
    assert set(await under_seal(running.live.database)) == {(c.table.name, c.name) for c in sealed_columns()}
    tokens = "SELECT id FROM plaid_integrations WHERE access_token IS NOT NULL ORDER BY id"
    assert [row["id"] for row in await running.live.rows(tokens)] == [first, second, fourth]
    for one in (second, fourth):
        await running.worker.ring(one)
    synced = "SELECT id FROM plaid_integrations WHERE last_sync_at IS NOT NULL ORDER BY id"
    assert [row["id"] for row in await running.live.rows(synced)] == [first, second, fourth]


@pytest.mark.parametrize("committed", [False, True])
async def test_broken_off_anywhere_it_goes_on(
    running: Running, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it dies, before a write or after its commit, the next run goes on and what is done stays done."""
    monkeypatch.setattr(resealing, "BATCH", 1)
    await running.link(1)
    await running.seal_all_with(OLD)
    real = seals.replace

    async def die(session: AsyncSession, column: object, changes: list[seals.Change]) -> None:
        await real(session, column, changes)  # type: ignore[arg-type]
        if committed:
            await session.commit()
        raise KeyboardInterrupt

    monkeypatch.setattr(seals, "replace", die)
    for _ in sealed_columns() if committed else [1]:
        with pytest.raises(KeyboardInterrupt):
            await resealing.reseal(running.worker.database, vault(NEW, OLD), lambda _: None)
    assert (await left(running) == []) is committed
    monkeypatch.setattr(seals, "replace", real)
    done, found = await resealing.reseal(running.worker.database, vault(NEW, OLD), lambda _: None)
    assert (done, found.older, await left(running)) == (0 if committed else len(sealed_columns()), 0, [])


@pytest.mark.parametrize("value", [None, vault(OLD).seal(SecretStr("another")).ciphertext], ids=["erased", "changed"])
async def test_what_changes_meanwhile_is_left_alone(
    running: Running, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is erased or stored anew between reading and writing stays so, and its new one is sealed too."""
    item = await running.link(1)
    await running.seal_all_with(OLD)
    real, database = seals.replace, running.live.database

    async def be_late(session: AsyncSession, column: object, changes: list[seals.Change]) -> None:
        monkeypatch.setattr(seals, "replace", real)
        async with database.transaction() as other:
            await other.execute(
                text("UPDATE plaid_integrations SET access_token = :v WHERE id = :id"), {"v": value, "id": item}
            )
        await real(session, column, changes)  # type: ignore[arg-type]

    columns = [column for column in sealed_columns() if column.name == "access_token"]
    monkeypatch.setattr(resealing, "sealed_columns", lambda: columns)
    monkeypatch.setattr(seals, "replace", be_late)
    _, found = await resealing.reseal(running.worker.database, vault(NEW, OLD), lambda _: None)
    [stands] = [row["access_token"] for row in await running.live.rows("SELECT access_token FROM plaid_integrations")]
    assert found.older == 0
    assert stands is None if value is None else vault(NEW).open(SealedToken(stands)).get_secret_value() == "another"


async def test_what_no_key_opens_stops_nothing(running: Running) -> None:
    """It is counted and named, never shown; all else is sealed anew, and the command ends with 1."""
    lost, well = await running.link(1), await running.link(2)
    await running.seal_all_with(OLD)
    token = vault(LOST).seal(SecretStr("x")).ciphertext
    await running.live.change(
        "UPDATE plaid_integrations SET access_token = :token WHERE id = :id", id=lost, token=token
    )
    before = await running.ops("keys", "status", "--json")
    ended = await running.ops("keys", "rotate", "--yes", "--json")
    assert (before.code, [row["tokens"] for row in before.rows][::2]) == (1, [0, 1])
    assert (ended.code, [(row["key"], row["tokens"] > 0) for row in ended.rows]) == (
        1,
        [(1, True), (2, False), (None, True)],
    )
    assert f"plaid_integrations {lost}." in ended.err
    assert SEAL not in ended.out + ended.err
    assert await left(running) == ["plaid_integrations.access_token"]
    assert vault(NEW).open(
        SealedToken(
            (await running.live.rows("SELECT access_token FROM plaid_integrations WHERE id = :id", id=well))[0][
                "access_token"
            ]
        )
    )


async def test_it_is_begun_on_purpose(running: Running) -> None:
    """Without --yes it asks first, and says what must have happened; told no, it changes nothing."""
    await running.link(1)
    await running.seal_all_with(OLD)
    ended = await running.ops("keys", "rotate", answer="n\n")
    assert (ended.code, "must run with all of these keys" in ended.err) == (1, True)
    table = await running.ops("keys", "status")
    assert (table.code, "sealed with an older key" in table.err, len(table.out.splitlines())) == (0, True, 3)
    assert len(await left(running)) == len(sealed_columns())
    assert await running.live.rows(TRAIL) == []


async def test_without_keys_it_says_what_is_needed(database_url: str) -> None:
    """A missing or senseless key ends the command with 2 and the setting's name, never its value."""
    for value in ("", "hush"):
        ended = await Ops({"DATABASE_URL": database_url, "PLAID_ENCRYPTION_KEY": value})("keys", "status")
        assert (ended.code, "PLAID_ENCRYPTION_KEY" in ended.err, "hush" in ended.err) == (2, True, False)
