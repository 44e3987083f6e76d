"""Every measure measures: with tiny sizes, whatever it says is of work that was done."""

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bench import changes, cpu, footprint, growth, imports, queueing, reading, streams
from bench.__main__ import NAMES
from bench.figure import EDGES, Figure, histogram
from bench.imports import Size
from bench.running import Running, running
from bench.site import Site
from tests.e2e.processes import SERVICES
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit


@pytest.fixture(scope="module")
def place(databases: Databases, rabbitmq_server: Rabbit, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The session's servers."""
    return Site(databases, rabbitmq_server, tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
async def system(place: Site) -> AsyncIterator[Running]:
    """Our processes on them."""
    async with running(place) as made:
        yield made


def by_name(figures: Sequence[Figure]) -> dict[str, Figure]:
    """Return figures that are all of something, by name."""
    assert all(0 < one.least <= one.value <= one.most for one in figures), figures
    return {one.name: one for one in figures}


async def test_imports(place: Site, system: Running) -> None:
    """Both stages and the whole way stand beside raw rows of as many; the naive way is slower than ours."""
    figures = by_name(await imports.of(place, system, [Size(1, 300), Size(2, 40)], 1, 20))
    assert {name for name in figures if figures[name].ratio is not None} == {
        "one item of 300: sync stage",
        "one item of 300: whole way",
        "one item of 300: whole way, beside the naive one",
        "2 items of 40: sync stage",
        "2 items of 40: whole way",
    }
    assert "PostgreSQL" in figures["one item of 300: whole way"].remark


async def test_growth(system: Running) -> None:
    """Each size has its time per transaction, beside the smallest's."""
    small, large = await growth.of(system, [50, 200], 1)
    assert (small.ratio, large.baseline) == (1.0, small.value)


async def test_changes(system: Running) -> None:
    """Every change that had a webhook of its own is followed to its expense; the legs of one make its whole."""
    await system.import_(3, "user_business_30")
    await system.settled()
    chains = await changes.run(system, await system.witness.items(), 0.5)
    assert 0 < len(chains) <= 0.5 * changes.PER_SECOND
    assert all(sum(chain.legs) >= chain.whole - 1 for chain in chains)
    assert len(changes.figures_of([chains], "")) == 3 * (1 + len(changes.LEGS))


async def test_footprint(system: Running) -> None:
    """Each service takes time to import, and has no less memory at its most than idle, as far as the kernel counts."""
    assert 0 < await footprint.imported("webhook_ingest") < 60
    figures = by_name(await footprint.of(system, {module: [1.0] for module in SERVICES}, 200))
    assert all((figures[f"{module}: resident memory"].ratio or 0) > 0.9 for module in SERVICES)


async def test_queueing(place: Site) -> None:
    """Ours and the bare client carry all messages both ways."""
    assert len(by_name(await queueing.measure(place, messages=60, repetitions=1))) == 2


async def test_reading(place: Site) -> None:
    """A page answers, of users with few expenses and of the one with most."""
    pages = dict([*reading.PAGES.items()][:1])
    figures = by_name(await reading.measure(place, expenses=21_000, pages=pages, seconds=0.2, repetitions=1))
    assert len(figures) == 2 * (1 + len(pages))


async def test_streams(place: Site) -> None:
    """Every event reaches the browser of its user."""
    figures = await streams.measure(place, streams=10, events=20, repetitions=1)
    (every,) = {tuple(one.histogram) for one in figures if one.histogram}
    assert sum(every) == 20


def test_histogram() -> None:
    """A value lies in the bucket that it does not exceed, the largest in the last."""
    assert histogram([1, 1.5, 10_000]) == [1, 1, *[0] * (len(EDGES) - 2), 1]


def test_names() -> None:
    """Each measure can be run alone, and none twice."""
    assert len(set(NAMES)) == len(NAMES)


def test_processors() -> None:
    """What a process used counts, what one had used that is gone does not."""
    assert cpu.between({1: 5.0, 2: 3.0}, {1: 6.0, 3: 0.5}) == 1.5
    assert cpu.each([os.getpid()])[os.getpid()] > 0
    assert os.getpid() in cpu.called(Path("/proc/self/comm").read_text().strip())
