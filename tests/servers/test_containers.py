import pytest

from tests.servers import Missing, containers
from tests.servers.restartable_postgres import restartable_postgres
from tests.servers.skips import skipping


@pytest.mark.slow
async def test_a_server_is_reached_where_the_engine_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine on another host publishes the server's port: that is where it answers, stopped and started again."""
    monkeypatch.setattr(containers, "_runs_beside_us", lambda: False)
    with skipping(), restartable_postgres() as server:
        if not server.origin.startswith("container"):
            raise Missing("Docker")
        await server.stop()
        await server.start()
