import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest
from sqlalchemy import RowMapping
from structlog.testing import capture_logs

from common.plaid import OperatorMustAct, PlaidClient, PlaidError, RetryLater
from common.plaid.errors import Details
from link_api.institutions import Institutions
from link_api.renewal import MOST, renew
from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World

DOWN = RetryLater(Details(500, "API_ERROR", "INTERNAL_SERVER_ERROR", "not now"))
UNKNOWN = OperatorMustAct(Details(400, "INVALID_INPUT", "INVALID_INSTITUTION", "invalid institution_id provided"))
OLD = """
    INSERT INTO institutions (institution_id, name, oauth, logo, fetched_at)
    VALUES ('ins_1', 'Old Name', false, 'b2xk', now() - interval '31 days')
"""
FETCHED = "SELECT name, logo, fetched_at > now() - interval '1 minute' AS fresh FROM institutions"
WAITS = "SELECT extract(epoch FROM not_before - now()) AS seconds FROM institution_fetches"


async def eventually(condition: Callable[[], bool]) -> None:
    """Return once it holds; fail after five seconds."""
    for _ in range(250):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it does not come to pass")


@dataclass
class Plaid:
    """Plaid's answers about institutions; `fault` is raised instead, `closed` holds every answer back."""

    asked: list[str] = field(default_factory=list)
    fault: PlaidError | None = None
    closed: bool = False
    answer: Json = field(default_factory=lambda: {"name": "New Name", "logo": "bmV3"})

    async def get_institution(self, institution_id: str, country_codes: list[str]) -> Json:
        self.asked.append(institution_id)
        await eventually(lambda: not self.closed)
        if self.fault:
            raise self.fault
        return {"institution": {"institution_id": institution_id} | self.answer}


@asynccontextmanager
async def renewing(live: World, plaid: Plaid, loops: int = 1) -> AsyncIterator[None]:
    """Run the loop, as so many processes do."""
    institutions = Institutions(live.database, cast("PlaidClient", plaid), ["US"])
    async with AsyncExitStack() as stack:
        for _ in range(loops):
            task = asyncio.create_task(renew(live.database, institutions, every=0.05))
            stack.callback(task.cancel)
        yield


async def until_row(live: World, sql: str, condition: Callable[[RowMapping], bool]) -> RowMapping:
    """Return the one row of the query once it is as wanted; fail after five seconds."""
    for _ in range(250):
        if (rows := await live.rows(sql)) and condition(rows[0]):
            return rows[0]
        await asyncio.sleep(0.02)
    raise AssertionError("no row is as wanted")


@pytest.fixture
async def old(live: World) -> World:
    """A connected bank whose institution is 31 days old."""
    await ledger(live)
    await live.change(OLD)
    return live


async def test_an_old_institution_is_fetched_again_and_shown(old: World) -> None:
    """Its new name and logo are shown with the bank, and it rests for 30 days."""
    plaid = Plaid()
    async with renewing(old, plaid):
        await until_row(old, FETCHED, lambda row: row["fresh"])
        await asyncio.sleep(0.2)
    assert plaid.asked == ["ins_1"]
    assert await old.rows(WAITS) == []
    [shown] = (await old.get("/api/plaid/integrations")).json()["items"]
    assert (shown["institution"]["name"], shown["institution"]["logo"]) == ("New Name", "bmV3")


async def test_an_institution_that_could_not_be_had_at_the_link_is_fetched(live: World) -> None:
    """A connected bank whose institution has no row gets one."""
    await ledger(live)
    async with renewing(live, Plaid()):
        assert (await until_row(live, FETCHED, lambda row: row["fresh"]))["name"] == "New Name"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE institutions SET fetched_at = now() - interval '29 days'",
        "UPDATE plaid_integrations SET is_active = false",
        "UPDATE plaid_integrations SET institution_id = NULL",
    ],
    ids=["fresh", "disconnected", "without a bank"],
)
async def test_what_needs_no_fetching_is_left_alone(old: World, change: str) -> None:
    """Neither what is fresh nor what nobody is connected to costs a call."""
    await old.change(change)
    plaid = Plaid()
    async with renewing(old, plaid):
        await asyncio.sleep(0.3)
    assert plaid.asked == []


async def test_of_many_loops_one_fetches(old: World) -> None:
    """However many processes look at the same moment, an institution is asked for once."""
    for _ in range(3):
        await ledger(old, user_id=2)  # the same bank, of others
    plaid = Plaid(closed=True)
    async with renewing(old, plaid, loops=6):
        await eventually(lambda: len(plaid.asked) > 0)
        await asyncio.sleep(0.3)
        assert plaid.asked == ["ins_1"]
        plaid.closed = False
        await until_row(old, FETCHED, lambda row: row["fresh"])
        await asyncio.sleep(0.2)
    assert plaid.asked == ["ins_1"]


async def test_a_round_asks_for_few(old: World) -> None:
    """However many are old at once, a round claims a few, those that are missing first; the next one goes on."""
    for number in range(MOST + 3):
        book = await ledger(old)
        await old.change(
            "UPDATE plaid_integrations SET institution_id = :ins WHERE id = :id",
            ins=f"missing_{number}",
            id=book.integration_id,
        )
    plaid = Plaid(closed=True)
    async with renewing(old, plaid):
        await eventually(lambda: len(plaid.asked) > 0)
        assert len(await old.rows(WAITS)) == MOST
        plaid.closed = False
        await eventually(lambda: len(plaid.asked) == MOST + 4)
    assert "ins_1" not in plaid.asked[:MOST]
    assert len(set(plaid.asked)) == MOST + 4


@pytest.mark.parametrize(
    ("plaid", "hours"),
    [
        (Plaid(fault=DOWN), 1),
        (Plaid(fault=UNKNOWN), 24),
        (Plaid(answer={"name": None}), 24),
        (Plaid(answer={"name": "\0"}), 24),
    ],
    ids=["not now", "unknown", "unreadable", "unstorable"],
)
async def test_a_failure_tries_again_later(old: World, plaid: Plaid, hours: int) -> None:
    """What is known stays as it is, the loop lives, and the next try is far off; then it comes."""
    with capture_logs():
        async with renewing(old, plaid):
            waits = await until_row(old, WAITS, lambda row: row["seconds"] > 900)
            assert hours * 3600 - 60 < waits["seconds"] <= hours * 3600
            await asyncio.sleep(0.2)
            assert plaid.asked == ["ins_1"]
            [kept] = await old.rows(FETCHED)
            assert (kept["name"], kept["fresh"]) == ("Old Name", False)
            plaid.fault, plaid.answer = None, {"name": "New Name"}
            await old.change("UPDATE institution_fetches SET not_before = now()")
            assert (await until_row(old, FETCHED, lambda row: row["fresh"]))["name"] == "New Name"


async def test_one_bad_institution_holds_up_no_other(old: World) -> None:
    """The failure of one leaves the others of its round alone."""
    book = await ledger(old)
    await old.change("UPDATE plaid_integrations SET institution_id = 'ins_2' WHERE id = :id", id=book.integration_id)
    plaid = Plaid(fault=UNKNOWN)
    with capture_logs():
        async with renewing(old, plaid):
            await eventually(lambda: sorted(plaid.asked) == ["ins_1", "ins_2"])


async def test_a_process_that_dies_leaves_no_lie_and_no_lock(old: World) -> None:
    """Killed between claim and answer: the row says when Plaid last answered, and after the claim another one asks."""
    dying = Plaid(closed=True)
    async with renewing(old, dying):
        await eventually(lambda: dying.asked == ["ins_1"])
    [kept] = await old.rows(FETCHED)
    assert (kept["name"], kept["fresh"]) == ("Old Name", False)
    heir = Plaid()
    async with renewing(old, heir):
        await asyncio.sleep(0.2)
        assert heir.asked == []
        await old.change("UPDATE institution_fetches SET not_before = now()")
        await until_row(old, FETCHED, lambda row: row["fresh"])
    assert heir.asked == ["ins_1"]


async def test_a_database_that_is_away_does_not_end_the_loop(old: World) -> None:
    """While the database refuses, nothing is lost but time."""
    await old.change("ALTER TABLE institution_fetches RENAME TO elsewhere")
    plaid = Plaid()
    with capture_logs() as lines:
        async with renewing(old, plaid):
            await eventually(lambda: any(line["event"] == "renewal.failed" for line in lines))
            await old.change("ALTER TABLE elsewhere RENAME TO institution_fetches")
            await until_row(old, FETCHED, lambda row: row["fresh"])
