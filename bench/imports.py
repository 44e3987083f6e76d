"""How fast banks come in: the sync stage and the whole way, beside what PostgreSQL takes of the same rows raw."""

from collections.abc import Sequence
from typing import NamedTuple

from bench import naive, raw
from bench.figure import Figure, figure
from bench.raw import Raw
from bench.running import Import, Running, running
from bench.site import Site

WARM_UP = "user_business_500"


class Size(NamedTuple):
    """So many people who link a bank each, of so many transactions."""

    people: int
    rows: int

    def __str__(self) -> str:
        items = "one item" if self.people == 1 else f"{self.people} items"
        return f"{items} of {self.rows:,}"


SIZES = (Size(1, 20_000), Size(200, 100))


class Round(NamedTuple):
    """One repetition: the workers one after the other, both at once, and the same rows raw."""

    apart: Import
    whole: Import
    raw: Raw


async def measure(site: Site, *, repetitions: int = 3) -> list[Figure]:
    """Return the figures of each size, and of the first beside the naive way."""
    async with running(site) as system:
        await system.import_(1, WARM_UP)
        return await of(site, system, SIZES, repetitions, naive.ROWS)


async def of(site: Site, system: Running, sizes: Sequence[Size], repetitions: int, naive_rows: int) -> list[Figure]:
    """Import every size, and write the same rows raw; the naive way beside the first."""
    found: list[Figure] = []
    for size in sizes:
        rounds = [await run(site, system, size) for _ in range(repetitions)]
        found += figures_of(size, rounds)
        if size == sizes[0]:
            rates = [await naive.measure(site, system.processes.system.sandbox_url, naive_rows) for _ in rounds]
            found.append(beside_the_naive(size, rounds, rates))
    return found


async def run(site: Site, system: Running, size: Size) -> Round:
    """Import twice and write raw what the second import wrote."""
    username = f"user_business_{size.rows}"
    apart = await system.import_(size.people, username, apart=True)
    whole = await system.import_(size.people, username)
    return Round(apart, whole, await raw.measure(site, system.processes.system.database_url, whole.users))


def figures_of(size: Size, rounds: Sequence[Round]) -> list[Figure]:
    """Return what these repetitions say of a size."""
    unit = "transactions/s"
    return [
        figure(
            f"{size}: sync stage",
            unit,
            [one.apart.transactions / one.apart.stored for one in rounds],
            [one.raw.upsert for one in rounds],
            target="≥ 2/3",
            remark=f"categorizer waits; baseline: raw upserts of 500; {_shares([one.apart for one in rounds])}",
        ),
        figure(
            f"{size}: categorise stage",
            unit,
            [one.apart.transactions / (one.apart.decided - one.apart.stored) for one in rounds],
            remark="everything stored before",
        ),
        figure(
            f"{size}: whole way",
            unit,
            [one.whole.transactions / one.whole.decided for one in rounds],
            [one.raw.upsert_both for one in rounds],
            target="≥ 1/3",
            remark=f"baseline: raw upserts of both rows; {_shares([one.whole for one in rounds])}",
        ),
        figure(
            f"{size}: raw COPY of the transactions",
            "rows/s",
            [one.raw.copy for one in rounds],
            remark="one statement, one commit: what the server takes at most",
        ),
    ]


def beside_the_naive(size: Size, rounds: Sequence[Round], rates: Sequence[float]) -> Figure:
    """Return how many times as fast as the naive way the whole way is."""
    return figure(
        f"{size}: whole way, beside the naive one",
        "transactions/s",
        [one.whole.transactions / one.whole.decided for one in rounds],
        rates,
        target="many times",
        remark="baseline: the SDK's models, a row and its expense at a time, over fewer rows: its rate is flat",
    )


def _shares(imports: Sequence[Import]) -> str:
    """Return who used how much of one processor, without those who hardly did."""
    names = imports[0].shares
    means = {name: sum(one.shares[name] for one in imports) / len(imports) for name in names}
    return "of a processor: " + ", ".join(f"{name} {mean:.0%}" for name, mean in means.items() if mean >= 0.01)  # noqa: PLR2004 - a hundredth
