"""Many processes killed with SIGKILL at random points; `make load` runs it, `make test` has a shorter one."""

from pathlib import Path

from tests.e2e.kills import kill_and_converge, site_to_kill
from tests.e2e.nursery import nursery
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

KILLS = 200


async def test_killed_at_random(databases: Databases, rabbitmq_server: Rabbit, tmp_path: Path) -> None:
    """Whoever dies wherever, 200 times, nothing is lost or doubled, and no item is ever synced by two at once."""
    async with (
        databases.fresh() as url,
        nursery() as forks,
        site_to_kill(rabbitmq_server, url, tmp_path, forks) as at,
    ):
        await kill_and_converge(at, KILLS)
