import asyncio
import json
import sys

from pydantic import SecretStr

from common.sealing import Vault
from tests.sync_worker.world import World

MOST_GROWTH = 200 * 2**20
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


async def test_a_hundred_thousand_transactions_fit(world: World, database_url: str) -> None:
    """A worker that syncs an item of 200 pages grows by less than 200 MB, and every row is there."""
    keyed = World(world.bank, Vault([SecretStr(KEY)]), world.worker, world.hire)
    small, large = await keyed.link(days=30), await keyed.link("user_business_100000", days=730)
    asked = {
        "bank_url": world.bank.url,
        "database_url": database_url,
        "key": KEY,
        "small": small.id,
        "large": large.id,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sync_worker.one_sync", json.dumps(asked), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(300):
        said, _ = await child.communicate()
    assert child.returncode == 0
    count = "SELECT count(*) AS n FROM plaid_transactions WHERE integration_id = :id"
    assert (await world.rows(count, id=large.id))[0]["n"] == len(await world.bank.truth(large.item_id)) > 99_000
    assert 0 < int(said) < MOST_GROWTH
