import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database
from tests.servers import restartable_postgres as module
from tests.servers.restartable_postgres import restartable_postgres
from tests.servers.skips import skipping


@pytest.mark.slow
async def test_without_docker_too_it_comes_back_with_what_was_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped, even dead in the middle, it answers nobody; started, it is where it was, with all that was committed."""
    monkeypatch.setattr(module, "docker_answers", lambda: False)
    with skipping(), restartable_postgres() as server:
        database = Database(server.url)
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE rounds (crash boolean)"))
        for crash in (False, True):
            async with database.transaction() as session:
                await session.execute(text("INSERT INTO rounds VALUES (:crash)"), {"crash": crash})
            await server.stop(crash=crash)
            with pytest.raises((SQLAlchemyError, OSError)):
                await database.ping()
            await server.start()
            async with database.transaction() as session:
                found = (await session.execute(text("SELECT crash FROM rounds"))).scalars().all()
            assert found[-1] is crash
        await database.close()
