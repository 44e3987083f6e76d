"""How long Plaid waits for its 200 at a steady rate, while everything that a webhook leads to takes its share."""

from bench import load
from bench.figure import Figure, figure
from bench.requests import signed
from bench.running import running
from bench.site import Site
from tests.e2e.processes import Processes

PEOPLE = 100
USERNAME = "user_transactions_dynamic"
PER_SECOND = 200
CONNECTIONS = 32
SHARES = {"p50": (0.5, ""), "p95": (0.95, ""), "p99": (0.99, "< 25 ms")}


async def measure(site: Site, *, people: int = PEOPLE, seconds: float = 8.0, repetitions: int = 3) -> list[Figure]:
    """Return percentiles of the time from when a webhook was due to its answer, all services running beside."""
    async with running(site) as system:
        await system.link(people, USERNAME)
        await system.settled()
        items = await system.witness.items()
        results = [await run(system.processes, items, seconds) for _ in range(repetitions)]
    remark = f"{PER_SECOND} webhooks/s of {people} items, all services beside"
    return [
        figure(
            f"webhook_ingest answers, {name}",
            "ms",
            [1000 * result.percentile(share) for result in results],
            target=target,
            remark=remark,
        )
        for name, (share, target) in SHARES.items()
    ]


async def run(processes: Processes, items: list[str], seconds: float) -> load.Result:
    """Let every item ring in turn; raise where a webhook is not taken."""
    order = load.Order(
        ports=[process.port for process in processes.of("webhook_ingest")],
        requests=signed(items),
        seconds=seconds,
        connections=CONNECTIONS,
        per_second=PER_SECOND,
    )
    return (await load.run(order)).whole()
