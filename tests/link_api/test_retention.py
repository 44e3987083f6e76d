import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.events import ExpensesChanged
from link_api.retention import forget_old_events
from tests.link_api.world import World


async def event_ids(live: World) -> list[int]:
    return [row["id"] for row in await live.rows("SELECT id FROM user_events ORDER BY id")]


async def four_events_the_second_one_old(live: World) -> list[int]:
    await live.get("/api/expenses")
    for number in range(4):
        await live.emit(ExpensesChanged(user_id=1, expense_ids=[number]))
    ids = await event_ids(live)
    await live.change("UPDATE user_events SET created_at = now() - interval '25 hours' WHERE id = :id", id=ids[1])
    return ids


@asynccontextmanager
async def forgetting(live: World) -> AsyncIterator[None]:
    task = asyncio.create_task(forget_old_events(live.database, every=0.05))
    try:
        yield
    finally:
        task.cancel()


async def settle(live: World, expected: list[int]) -> list[int]:
    """Return the events that are left, as soon as they are what is expected, else after five seconds."""
    for _ in range(100):
        if (left := await event_ids(live)) == expected:
            break
        await asyncio.sleep(0.05)
    return left


async def test_events_are_forgotten_after_a_day_oldest_first(live: World) -> None:
    """What is older than 24 hours goes, and with it every smaller id: whoever finds his last event has missed none."""
    ids = await four_events_the_second_one_old(live)
    async with forgetting(live):
        assert await settle(live, ids[2:]) == ids[2:]


async def test_a_failure_does_not_end_the_forgetting(live: World) -> None:
    """While the database refuses, nothing is lost but time."""
    ids = await four_events_the_second_one_old(live)
    await live.change("ALTER TABLE user_events RENAME TO elsewhere")
    async with forgetting(live):
        await asyncio.sleep(0.3)
        await live.change("ALTER TABLE elsewhere RENAME TO user_events")
        assert await settle(live, ids[2:]) == ids[2:]
