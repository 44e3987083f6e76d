"""What `make bench` says of webhook_ingest is true, however fast this machine is."""

import asyncio
import json
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import report
from bench.ingest_throughput import figures_of, run
from bench.site import Site
from tests.e2e.virtual_hosts import left_in_queues
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

COUNTED = 30.0
"""Seconds; RabbitMQ counts a quorum queue every five."""


async def test_every_answer_counted_is_a_message_in_the_queue(
    databases: Databases, rabbitmq_server: Rabbit, tmp_path: Path
) -> None:
    """As many webhooks as were answered wait in RabbitMQ, and what is told of them adds up."""
    site = Site(databases, rabbitmq_server, tmp_path)
    async with site.ingest(1) as ours, site.bare(1) as bare:
        pairs = [(await run(ours, 0.5), await run(bare, 0.5)) for _ in range(2)]
        answered = {"sync_worker.sync": sum(mine.answered for mine, _ in pairs)}
        waiting = partial(left_in_queues, rabbitmq_server, ours[0].environment["AMQP_URL"])
        async with asyncio.timeout(COUNTED):
            while (counted := await waiting()) != answered:
                assert counted.keys() <= answered.keys()
                assert sum(counted.values()) < sum(answered.values())

    throughput, processor_time = figures = figures_of(1, pairs)
    assert 0 < throughput.least <= throughput.value <= throughput.most
    assert throughput.ratio is not None
    assert min(m.per_second / b.per_second for m, b in pairs) <= throughput.ratio
    assert 0 < processor_time.value * throughput.value < 1500  # of one processor's 1000 ms, and clocks tick coarsely

    written = json.loads(report.write(figures, tmp_path).read_text())
    assert [one["value"] for one in written["figures"]] == [throughput.value, processor_time.value]
    console = Console(record=True, width=200)
    console.print(report.table(figures))
    assert throughput.name in console.export_text()
