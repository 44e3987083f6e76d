import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.events import ExpensesChanged
from link_api.retention import forget
from tests.link_api.world import World


async def kept(live: World, table: str = "user_events") -> list[int]:
    return [row["id"] for row in await live.rows(f"SELECT id FROM {table} ORDER BY id")]


async def four_events_the_second_one_old(live: World) -> list[int]:
    await live.get("/api/expenses")
    for number in range(4):
        await live.emit(ExpensesChanged(user_id=1, expense_ids=[number]))
    ids = await kept(live)
    await live.change("UPDATE user_events SET created_at = now() - interval '25 hours' WHERE id = :id", id=ids[1])
    return ids


@asynccontextmanager
async def forgetting(live: World) -> AsyncIterator[None]:
    task = asyncio.create_task(forget(live.database, every=0.05))
    try:
        yield
    finally:
        task.cancel()


async def settle(live: World, expected: list[int], table: str = "user_events") -> list[int]:
    """Return the rows that are left, as soon as they are what is expected, else after five seconds."""
    for _ in range(100):
        if (left := await kept(live, table)) == expected:
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


async def test_what_plaids_budget_needs_no_more_is_forgotten(live: World) -> None:
    """Buckets that are long empty, and counts older than 30 days."""
    await live.link_token()
    await live.change("UPDATE rate_buckets SET empty_at = now() - interval '1 hour'")
    await live.change("INSERT INTO plaid_api_usage (endpoint, minute) SELECT '/item/get', now() - interval '31 days'")
    left = "SELECT (SELECT count(*) FROM rate_buckets) AS buckets, (SELECT count(*) FROM plaid_api_usage) AS counts"
    async with forgetting(live):
        for _ in range(100):
            if (found := dict((await live.rows(left))[0])) == {"buckets": 0, "counts": 1}:
                break
            await asyncio.sleep(0.05)
    assert found == {"buckets": 0, "counts": 1}


async def test_link_sessions_are_forgotten_once_they_are_over(live: World) -> None:
    """A session goes when no public token can come of it any more, 30 minutes after its link token; not before."""
    for _ in range(3):
        await live.link_token()
    ids = await kept(live, "link_sessions")
    late = "UPDATE link_sessions SET expires_at = now() - CAST(:minutes AS int) * interval '1 minute' WHERE id = :id"
    await live.change(late, minutes=29, id=ids[1])
    await live.change(late, minutes=31, id=ids[2])
    async with forgetting(live):
        assert await settle(live, ids[:2], "link_sessions") == ids[:2]


async def test_answers_are_kept_for_a_day(live: World) -> None:
    """After 24 hours an Idempotency-Key is forgotten, and what it answered; not before."""
    await live.get("/api/expenses")
    await live.change(
        """INSERT INTO idempotency_keys (user_id, key, operation, fingerprint, claim, claimed_until, created_at)
        SELECT 1, hours, 'POST /', '', gen_random_uuid(), now(), now() - CAST(hours AS int) * interval '1 hour'
        FROM unnest(ARRAY['23', '25']) hours"""
    )
    async with forgetting(live):
        for _ in range(100):
            if (left := [row["key"] for row in await live.rows("SELECT key FROM idempotency_keys")]) == ["23"]:
                break
            await asyncio.sleep(0.05)
    assert left == ["23"]


async def test_link_sessions_that_ended_are_kept_for_two_days(live: World) -> None:
    """How those of the last day ended can be told although their tokens are long over; then they go."""
    for _ in range(2):
        await live.link_token()
    ids = await kept(live, "link_sessions")
    await live.change(
        """UPDATE link_sessions SET expires_at = now() - interval '3 days', outcome = 'left',
            ended_at = now() - CASE WHEN id = :id THEN interval '47 hours' ELSE interval '49 hours' END""",
        id=ids[0],
    )
    async with forgetting(live):
        assert await settle(live, ids[:1], "link_sessions") == ids[:1]


async def test_what_link_told_is_kept_for_90_days(live: World) -> None:
    """Not longer."""
    await live.get("/api/expenses")
    await live.change(
        """INSERT INTO link_events (user_id, callback, created_at)
        SELECT 1, 'onExit', now() - CAST(days AS int) * interval '1 day' FROM unnest(ARRAY[89, 91]) days"""
    )
    young, *_ = await kept(live, "link_events")
    async with forgetting(live):
        assert await settle(live, [young], "link_events") == [young]


async def test_exchanges_are_forgotten_once_nobody_needs_them(live: World) -> None:
    """One that ended after a day, when no answer is asked for any more; one that never ended after 90 days."""
    integration = await live.linked()
    await live.change(
        """INSERT INTO public_token_exchanges (user_id, public_token_hash, claimed_until, integration_id, begun_at)
        SELECT 1, CAST(hours AS text)::bytea, now(), CASE WHEN hours < 48 THEN CAST(:id AS int) END,
            now() - CAST(hours AS int) * interval '1 hour'
        FROM unnest(ARRAY[23, 25, 48, 90 * 24 + 1]) hours""",
        id=integration["id"],
    )
    own, young, _, unended, _ = await kept(live, "public_token_exchanges")
    async with forgetting(live):
        left = [own, young, unended]
        assert await settle(live, left, "public_token_exchanges") == left


async def test_what_cannot_be_undone_is_forgotten(live: World) -> None:
    """The way back from a change of many goes after thirty days."""
    await live.get("/api/expenses")
    insert = "INSERT INTO recategorisations (user_id, expense_ids, former_categories, former_answered_at, created_at)"
    values = "SELECT 1, '{}', '{}', '{}', now() - CAST(days AS int) * interval '1 day' FROM unnest(ARRAY[29, 31]) days"
    await live.change(f"{insert} {values}")
    young, *_ = await kept(live, "recategorisations")
    async with forgetting(live):
        assert await settle(live, [young], "recategorisations") == [young]
