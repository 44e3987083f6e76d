from tests.ops.command import Ops
from tests.sync_worker.world import World

CALLED = """
    INSERT INTO plaid_api_usage (endpoint, minute, calls, put_off, limited, failed)
    VALUES ('/item/get', now(), 7, 1, 2, 3), ('/transactions/sync', now() - interval '2 hours', 40, 0, 0, 0)
"""


async def test_usage_stands_beside_the_limits(ops: Ops, world: World) -> None:
    """Calls by endpoint, and the limits as this deployment has them."""
    await world.rows(CALLED)
    item, sync = (await ops("usage", "--json")).rows
    assert (item["endpoint"], item["last_minute"], item["put_off"], item["limited"], item["failed"]) == (
        "/item/get", 7, 1, 2, 3,
    )  # fmt: skip
    assert (sync["last_minute"], sync["last_hour"], sync["last_day"], sync["limit_per_minute"]) == (0, 0, 40, 1000)
    raised = Ops(ops.environment | {"PLAID_ENV": "production", "PLAID_LIMITS": "/item/get=client:9/min"})
    assert [row["limit_per_minute"] for row in (await raised("usage", "--json")).rows] == [9, 2500]
    assert "/transactions/sync" in (await ops("usage")).out


async def test_limits_that_make_no_sense_are_told(ops: Ops) -> None:
    """A wrong PLAID_LIMITS ends the command with its name."""
    ended = await Ops(ops.environment | {"PLAID_LIMITS": "much"})("usage")
    assert ended.code == 2
    assert "PLAID_LIMITS" in ended.err


async def test_no_calls_is_no_error(ops: Ops) -> None:
    """A silent day is said to be one."""
    assert "not asked anything" in (await ops("usage")).err
