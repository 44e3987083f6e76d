"""What the page asks for, on a million expenses: requests a second and how long they take, beside a bare answer."""

from collections.abc import Mapping, Sequence

from bench import load, million
from bench.figure import Figure, figure
from bench.front import get, link_api
from bench.site import Site
from tests.e2e.processes import Process
from tests.e2e.virtual_hosts import virtual_host

EXPENSES = 1_000_000
USERS = 50
"""Who asks, in turn."""
CONNECTIONS = 4
YEAR = "from=2026-01-01&to=2026-12-31"
PAGES = {
    "expenses, first page": "/api/expenses",
    "expenses that wait for review": "/api/expenses?needs_review=true",
    "expenses with a word": "/api/expenses?q=shop%2039",
    "summary by category": f"/api/expenses/summary?by=category&{YEAR}",
    "summary by month": f"/api/expenses/summary?by=month&{YEAR}",
}
BARE = "/healthz"
LARGEST = "/api/expenses/summary?by=month"


async def measure(
    site: Site,
    *,
    expenses: int = EXPENSES,
    pages: Mapping[str, str] = PAGES,
    seconds: float = 1.5,
    repetitions: int = 3,
) -> list[Figure]:
    """Return the figures of every page, and of the user with most."""
    found: list[Figure] = []
    async with site.databases.fresh() as url:
        await million.fill(url, expenses)
        async with link_api(site, url, await virtual_host(site.rabbit)) as process:
            for name, path in pages.items():
                many = [get(path, user) for user in range(2, 2 + USERS)]
                found += await of(process, name, many, seconds, repetitions)
            found += await of(process, "summary of 20,000 expenses", [get(LARGEST, 1)], seconds, repetitions)
    return found


async def of(process: Process, name: str, requests: Sequence[str], seconds: float, repetitions: int) -> list[Figure]:
    """Return the requests a second, beside those that ask for nothing, and their p99."""
    await _run(process, requests, seconds / 2)
    pairs = [
        (await _run(process, requests, seconds), await _run(process, [get(BARE, 1)], seconds))
        for _ in range(repetitions)
    ]
    rates = [[one.answered / one.seconds for one in results] for results in zip(*pairs, strict=True)]
    late = [1000 * mine.percentile(0.99) for mine, _ in pairs]
    return [
        figure(f"link_api: {name}", "requests/s", *rates, remark="baseline: a probe, which reads nothing"),
        figure(f"link_api: {name}, p99", "ms", late, remark=f"{CONNECTIONS} requests at a time"),
    ]


async def _run(process: Process, requests: Sequence[str], seconds: float) -> load.Result:
    order = load.Order([process.port], requests, seconds, CONNECTIONS)
    return (await load.run(order)).whole()
