"""Four sync workers and two categorizers: they share the work, and no two of them ever have the same item in hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.calls import Row, overlaps, page_loops, spread
from tests.compose.crowd import Crowd, crowd
from tests.compose.stack import Stack

FIRST_USER = 5_001
PEOPLE = ["user_business_90"] * 28 + ["user_business_1100"] * 4
"""Most banks come in one page, some in three: two workers could read in turn what no two read at the same moment."""
PAGE_TAKES = 0.1
"""Seconds: long enough for a second worker to come along while the first one reads."""
COPIES = 3
"""Each webhook comes so often besides, so that several workers hear of the same item at once."""
ROUNDS = 2
SYNC_WORKERS, CATEGORIZERS = 4, 2
METRICS = "import urllib.request as web; print(web.urlopen('http://127.0.0.1:8003/metrics').read().decode())"


@pytest.fixture(scope="module")
async def people(stack: Stack) -> AsyncIterator[Crowd]:
    """Users whose banks answer slowly and ring several times for the same news."""
    async with crowd(stack, FIRST_USER) as gathered, gathered.slow_pages(PAGE_TAKES):
        await gathered.bank.tell("webhooks/faults", duplicates=COPIES)
        try:
            yield gathered
        finally:
            await gathered.bank.tell("webhooks/faults")


@pytest.fixture(scope="module")
async def decided_before(stack: Stack) -> list[float]:
    """How many messages each categorizer had handled before the work began."""
    return await handled(stack)


@pytest.fixture(scope="module")
async def calls(people: Crowd, decided_before: list[float]) -> Sequence[Row]:
    """The calls for pages that linking everybody took, and news at every bank, and again, until every expense stood."""
    assert len(decided_before) == CATEGORIZERS
    since = await people.sequence()
    await people.link(*PEOPLE)
    await people.stands()
    for _ in range(ROUNDS):
        await asyncio.gather(*map(people.bank.stir, await people.items()))
        await people.stands()
    return await people.calls(since)


def test_every_worker_takes_its_share(stack: Stack, calls: Sequence[Row]) -> None:
    """RabbitMQ hands doorbells out in turn: each worker reads at least half of an even share.

    No more than that is promised, since a doorbell that finds its item in hand is answered by whoever has it.
    """
    loops = Counter(loop.caller for loop in page_loops(calls))
    assert loops.keys() == addresses(stack)
    assert min(loops.values()) >= loops.total() / SYNC_WORKERS / 2
    assert min(spread(calls).values()) >= len(PEOPLE) / SYNC_WORKERS / 2


def test_no_item_is_synced_twice_at_once(calls: Sequence[Row]) -> None:
    """However many doorbells ring at once: one page loop of an item begins after the one before has ended."""
    assert len(page_loops(calls)) >= len(PEOPLE) * (1 + ROUNDS)
    assert [str(overlap) for overlap in overlaps(calls)] == []


async def test_every_categorizer_decides(stack: Stack, calls: Sequence[Row], decided_before: list[float]) -> None:
    """Messages about transactions are handed out in turn too: each takes at least half of an even share."""
    assert calls
    decided = [after - before for after, before in zip(await handled(stack), decided_before, strict=True)]
    assert min(decided) >= sum(decided) / CATEGORIZERS / 2 > 0


async def test_scaled_in_mid_work(stack: Stack, people: Crowd, calls: Sequence[Row]) -> None:
    """Down to one, and back to what `.env` says, while news come: nothing is lost or read twice, new ones work too."""
    assert calls
    since = await people.sequence()
    async with people.news():
        await asyncio.to_thread(stack.compose, "up", "--detach", "--wait", "--scale", "sync_worker=1")
        assert len(addresses(stack)) == 1
        await asyncio.to_thread(stack.heal)
        assert len(addresses(stack)) == SYNC_WORKERS
        grown = await people.sequence()
        async with asyncio.timeout(60):
            while {call["caller"] for call in await people.calls(grown)} != addresses(stack):  # noqa: ASYNC110 - others work
                await asyncio.sleep(0.1)
    await people.stands()
    assert [str(overlap) for overlap in overlaps(await people.calls(since))] == []


def addresses(stack: Stack) -> set[str | None]:
    """Return the sync workers' addresses as the stand-in sees them."""
    return {stack.address(name) for name in stack.containers("sync_worker")}


async def handled(stack: Stack) -> list[float]:
    """Return how many messages about transactions each categorizer has handled."""
    return [_handled(stack.execute(name, "python", "-c", METRICS)) for name in stack.containers("categorizer")]


def _handled(metrics: str) -> float:
    samples = (sample for family in text_string_to_metric_families(metrics) for sample in family.samples)
    wanted = {"type": "transactions.changed", "outcome": "handled"}
    return sum(sample.value for sample in samples if sample.name == "messages_total" and sample.labels == wanted)
