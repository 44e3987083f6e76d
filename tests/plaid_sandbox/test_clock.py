import asyncio
from datetime import UTC, datetime, timedelta

from plaid_sandbox.clock import Clock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_advancing_wakes_who_waited_long_enough_and_nobody_else() -> None:
    """Skipped time counts as waited: ten minutes end a wait of five, not one of an hour."""
    clock = Clock(lambda: NOON)
    short = asyncio.create_task(clock.sleep(300))
    long = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    clock.advance(600)
    await asyncio.wait_for(short, 5)
    assert not long.done()
    clock.advance(3000)
    await asyncio.wait_for(long, 5)


async def test_the_machines_time_is_not_advanced() -> None:
    """Receivers check signatures by their own clock, so skipping time must not make them future."""
    clock = Clock(lambda: NOON)
    clock.advance(86400)
    assert clock.wall() == NOON
    assert clock.now() == NOON + timedelta(days=1)


async def test_no_time_is_waited_at_once() -> None:
    """A wait of zero or less ends by itself, advanced or not."""
    await asyncio.wait_for(Clock(lambda: NOON).sleep(-1), 5)
