from pydantic import SecretStr

from common.plaid import Credentials
from tests.real.main_path import walk
from tests.sync_worker.bank import bank


async def test_the_walk_at_the_stand_in(database_url: str) -> None:
    """What `make test-plaid` walks at Plaid leads to the same end here: its own mistakes are found without keys."""
    async with bank(initial_delay=0.5, historical_delay=1) as served:
        found = await walk(database_url, Credentials("client", SecretStr("secret"), served.url))
    assert found["transactions"] == found["compared"] > 0
