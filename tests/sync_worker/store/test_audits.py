"""Which audits are claimed, by whom, how many, and for how long they are kept."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain.audit import Ours
from sync_worker.store import audits
from tests.sync_worker.world import World

ORDER = "INSERT INTO audits (integration_id, heal) VALUES (:id, :heal) RETURNING id"
AGE = "UPDATE audits SET due_at = due_at - interval '61 minutes', begun_at = begun_at - interval '61 minutes'"
NEWER = """
    INSERT INTO audits (integration_id, heal, due_at)
    SELECT max(id), false, now() - interval '30 minutes' FROM plaid_integrations
"""
HISTORY = """
    INSERT INTO audits (integration_id, heal, finished_at)
    SELECT (SELECT min(id) FROM plaid_integrations), true, now() - CAST(:ago AS interval)
    FROM generate_series(1, :count)
"""
ADD = """
    INSERT INTO plaid_integrations
        (user_id, item_id, access_token, days_requested, transactions_update_status, status, next_audit_at)
    SELECT 1, 'item ' || n, 'sealed', 90, :history, :status, now() + CAST(:due AS interval)
    FROM generate_series(1, :count) AS n
"""


async def killed(world: World, audit_id: int) -> None:
    """Let a worker take an audit and die of it, an hour ago."""
    async with world.worker.database.transaction() as session:
        assert await audits.take(session, audit_id, uuid4())
    await world.rows(AGE)


async def test_rows_and_cursor_are_of_one_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that commits while our side is read is seen whole or not at all."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    other, truly = await world.hire(), audits._ours

    async def meanwhile(session: AsyncSession, integration_id: int) -> Ours:
        await world.bank.add(item.item_id, amount=8)
        await other.ring(item.id)
        return await truly(session, integration_id)

    monkeypatch.setattr(audits, "_ours", meanwhile)
    cursor, rows = (await world.integration(item))["cursor"], await world.transactions(item)
    [ordered] = await world.rows(ORDER, id=item.id, heal=False)
    async with world.worker.database.transaction() as session:
        begun = await audits.begin(session, ordered["id"])
    assert begun is not None
    assert (await world.integration(item))["cursor"] != cursor
    assert (begun.cursor, set(begun.ours.rows)) == (cursor, set(rows))


async def add(
    world: World, number: int, *, history: str = "HISTORICAL_UPDATE_COMPLETE", status: str = "active"
) -> None:
    """Store integrations whose audit is due."""
    await world.rows("INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING")
    await world.rows(ADD, history=history, status=status, due=timedelta(0), count=number)


async def claim(world: World, most: int = audits.MOST) -> list[int]:
    """Claim what is due, as a sweep does."""
    async with world.worker.database.transaction() as session:
        return list(await audits.claim_due(session, most))


async def test_the_schedule_is_slow_and_spread(world: World) -> None:
    """Each item's turn comes after a week, give or take a quarter; its audit heals."""
    await add(world, 40)
    claimed = await claim(world, 100)
    assert len(claimed) == 40
    assert await world.rows("SELECT FROM audits WHERE NOT heal") == []
    due = [row["due"] for row in await world.rows("SELECT next_audit_at - now() AS due FROM plaid_integrations")]
    assert timedelta(days=5) < min(due) < timedelta(days=6, hours=12)
    assert timedelta(days=7, hours=12) < max(due) < timedelta(days=9)
    assert await claim(world, 100) == []


async def test_no_more_than_a_few_are_under_way(world: World) -> None:
    """However many are due, a deployment works at a few; the next begin as these end, orders before the schedule."""
    await add(world, 20)
    first = await claim(world)
    assert len(first) == audits.MOST
    assert await claim(world) == []
    await world.rows("UPDATE audits SET finished_at = now() WHERE id = :id", id=first[0])
    late = (await world.rows("SELECT max(id) AS id FROM plaid_integrations"))[0]["id"]
    [ordered] = await world.rows(ORDER, id=late, heal=False)
    assert await claim(world) == [ordered["id"]]


async def test_two_sweeps_at_once_ask_for_each_once(world: World) -> None:
    """However many workers sweep, each order and each due item is claimed by one of them."""
    await add(world, 30)
    await world.rows("INSERT INTO audits (integration_id, heal) SELECT id, false FROM plaid_integrations LIMIT 20")
    claimed = [one for some in await asyncio.gather(*(claim(world, 10) for _ in range(6))) for one in some]
    assert len(claimed) == len(set(claimed)) == 10


async def test_one_sweep_claims_at_a_time(world: World) -> None:
    """Two sweeps that overlap do not both fill the same room: who comes while another claims claims nothing."""
    await add(world, 20)
    async with world.worker.database.transaction() as session:
        assert len(await audits.claim_due(session)) == audits.MOST
        assert await claim(world) == []
    assert await claim(world) == []


async def test_what_died_holds_up_nobody_for_ever(world: World) -> None:
    """Audits that die in every worker wait behind orders that came since, and end after a few rounds."""
    await add(world, 20)
    dying = await claim(world)
    for one in dying:
        await killed(world, one)
    await world.rows(NEWER)
    [newer] = await world.rows("SELECT id FROM audits WHERE NOT heal")
    assert (await claim(world))[0] == newer["id"]


async def test_old_audits_are_forgotten_a_few_at_a_time(world: World) -> None:
    """After 90 days a finished audit goes, at most a thousand in a round; those of yesterday stay."""
    await add(world, 1)
    for ago, count in ((timedelta(days=91), 1500), (timedelta(days=89), 10)):
        await world.rows(HISTORY, ago=ago, count=count)
    finished = "SELECT count(*) AS n FROM audits WHERE finished_at IS NOT NULL"
    left = []
    for _ in range(3):
        await claim(world)
        left.append((await world.rows(finished))[0]["n"])
    assert left == [510, 10, 10]


async def test_what_is_finished_costs_a_sweep_nothing(world: World) -> None:
    """Among many finished audits and many orders those that are due, under way, or old are found by an index."""
    await add(world, 1000)
    await world.rows("INSERT INTO audits (integration_id, heal) SELECT id, false FROM plaid_integrations")
    await world.rows(HISTORY, ago=timedelta(days=1), count=5000)
    await world.rows("ANALYZE audits")
    for statement, values, index in (
        (audits.UNDER_WAY, {}, "ix_audits_due"),
        (audits.CLAIM_ORDERS, {"within": audits.WITHIN, "most": audits.MOST}, "ix_audits_due"),
        (audits.PRUNE, {"kept": audits.KEPT, "most": audits.PRUNED_AT_ONCE}, "ix_audits_finished_at"),
    ):
        plan = "\n".join(row["QUERY PLAN"] for row in await world.rows(f"EXPLAIN {statement.text}", **values))
        assert f"using {index} " in plan, plan


async def test_what_a_crash_left_unfinished_is_asked_for_again(world: World) -> None:
    """An audit whose worker died comes again after an hour, and not before."""
    await add(world, 1)
    claimed = await claim(world)
    await world.rows("UPDATE audits SET due_at = due_at - interval '59 minutes'")
    assert await claim(world) == []
    await world.rows("UPDATE audits SET due_at = due_at - interval '61 seconds'")
    assert await claim(world) == claimed
    assert await claim(world) == []


@pytest.mark.parametrize(
    ("history", "status"),
    [("INITIAL_UPDATE_COMPLETE", "active"), ("HISTORICAL_UPDATE_COMPLETE", "revoked")],
)
async def test_the_schedule_leaves_alone_what_cannot_be_compared(world: World, history: str, status: str) -> None:
    """Neither an item whose history still comes nor one that Plaid would not tell about is audited unasked."""
    await add(world, 3, history=history, status=status)
    assert await claim(world) == []
