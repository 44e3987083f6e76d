"""What `make load` says of a crowd is true, however small it is."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from bench.chapters import CHAPTERS
from bench.crowd import criterion, verdict
from bench.crowd.criterion import PREFIX, Criterion, at_least, below, none
from bench.crowd.evidence import Evidence
from bench.crowd.pace import paced
from bench.crowd.plan import Plan
from bench.crowd.postman import FORGERIES
from bench.crowd.run import run
from bench.site import Site
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

PLAN = Plan(users=10, transactions=20, seconds=6.0, rate=20.0, kill_every=0.5, workers=[(0.0, 1), (0.2, 2)])
SEED = {
    "connection rate",
    "sync performance, imports",
    "sync performance, changes",
    "data accuracy",
    "uptime of webhooks",
    "scale",
    "security",
    "user satisfaction",
}


@pytest.fixture(scope="module")
async def found(
    databases: Databases, rabbitmq_server: Rabbit, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Evidence]:
    """A small crowd's run, and what it told on its way."""
    told: list[str] = []
    yield await run(Site(databases, rabbitmq_server, tmp_path_factory.mktemp("logs")), PLAN, told.append)
    assert "10 of 10 linked" in told


def by_name(found: Evidence) -> dict[str, Criterion]:
    return {one.name: one for one in verdict.criteria(found)}


async def test_a_crowd_loses_and_doubles_nothing(found: Evidence) -> None:
    """Under changes, copies, late and forged webhooks, kills and more workers, the rows are the bank's in the end."""
    assert (found.ending.left, found.ending.lost, found.ending.doubled) == ("", 0, 0)
    assert found.ending.transactions > PLAN.users * PLAN.transactions
    assert found.cast.traffic.made > 2 * PLAN.users
    assert found.cast.traffic.failed == 0
    assert found.cast.staff.workers == 4
    assert found.cast.staff.kills > 0


async def test_forgeries_are_refused_and_copies_taken(found: Evidence) -> None:
    """Each way to forge is tried and refused; every honest webhook is answered 200."""
    postman, criteria = found.cast.postman, by_name(found)
    assert postman.forged >= len(FORGERIES)
    assert {"401"} <= postman.forgeries.keys() <= {"401", "503"}  # on a full machine a key may come too late
    assert (postman.taken, found.strangers) == (0, 0)
    assert postman.copies == postman.answered == len(postman.milliseconds) > 1
    assert criteria["security"].met
    assert criteria["uptime of webhooks"].value == 100


async def test_every_stream_stays_open_and_hears(found: Evidence) -> None:
    """All users' streams are open to the end, and what happened meanwhile came to them after its webhook."""
    assert found.heard.open == found.heard.users == PLAN.users
    assert 0 < len(found.waits.browser) <= len(found.waits.expense)
    assert by_name(found)["scale"].met


async def test_every_criterion_has_its_row(found: Evidence) -> None:
    """The product's criteria are all there, with a figure where a load can tell; a chapter shows each figure."""
    criteria = by_name(found)
    assert criteria.keys() > SEED
    assert {name for name, one in criteria.items() if one.met is None} == {"data accuracy", "user satisfaction"}
    figures = verdict.figures(found)
    assert len({one.name for one in figures}) == len(figures) > len(criteria)
    assert all(one.name.startswith(PREFIX) for one in figures)
    assert [chapter.title for chapter in CHAPTERS if PREFIX.strip() in chapter.prefixes] == ["A thousand users"]


def test_what_is_not_met_is_told() -> None:
    """A bound that is missed is not met, and the table says so; one that is reached is."""
    missed = [at_least("a", 89, 90, "%", ""), below("b", 1, 1, "s", ""), none("c", 1, "rows", "")]
    reached = [at_least("a", 90, 90, "%", ""), below("b", 0.9, 1, "s", ""), none("c", 0, "rows", "")]
    assert [one.met for one in missed] == [False] * 3
    assert [one.met for one in reached] == [True] * 3
    console = Console(record=True, width=120)
    console.print(criterion.table([*missed, *reached, Criterion("d", "> 1", "elsewhere")]))
    text = console.export_text()
    assert (text.count("NO"), text.count("yes"), text.count("not measured here")) == (3, 3, 1)


async def test_a_pace_is_bounded() -> None:
    """There are no more than so many a second for so many seconds, and none when the time is over."""
    quick = [number async for number in paced(100, 0.1)]
    assert 0 < len(quick) <= 10
    assert quick == list(range(len(quick)))
    assert [await asyncio.sleep(0.1, number) async for number in paced(100, 0.1)] == [0]
