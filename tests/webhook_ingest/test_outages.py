"""200 means durable: what a process that serves webhooks for real does while the servers behind it fail for real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGKILL, SIGTERM

import pytest

from tests.servers.rabbitmq import Rabbit
from tests.servers.restartable_postgres import restartable_postgres
from tests.servers.skips import skipping
from tests.webhook_ingest.ringer import AT_ONCE, Answer, quantile, ring_again
from tests.webhook_ingest.scene import Scene, scene, until

ANSWERED = 0.999
"""Of the webhooks, 200 at their first attempt."""
FAST = 0.1
"""Seconds for an answer while the circuit is open."""
BUSY = 1.5
"""The same where even RabbitMQ's confirmations take long: who waits for a silent one waits 2 s."""
LONGEST_WAIT = 8.0
"""Seconds, however busy the machine is; Plaid waits ten."""
ROUNDS = 3
ALARMS = {
    "memory": ("set_vm_memory_high_watermark", "0.000001", "vm_memory_monitor:get_vm_memory_high_watermark()"),
    "disk": ("set_disk_free_limit", "1000000000000000", "rabbit_disk_monitor:get_disk_free_limit()"),
}
"""How each is raised, and what tells the limit that was."""


@pytest.fixture(scope="module")
async def at(rabbitmq_server: Rabbit, amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """The service with both servers up."""
    with skipping(), restartable_postgres() as postgres:
        rabbitmq_server.commands()
        async with scene(rabbitmq_server, postgres, tmp_path_factory.mktemp("ingest")) as started:
            yield started


@pytest.fixture(autouse=True)
async def both_up(at: Scene, rabbit: Rabbit) -> None:
    """Before each test webhooks go to RabbitMQ."""

    async def published() -> bool:
        await ring_again(at.ingest.port, at.keys, ["nobody"])
        return await at.metric("webhook_broker_circuit_open") == 0

    await until(published)


def answered(answers: list[Answer]) -> float:
    """Return which part was answered 200."""
    return sum(answer.status == 200 for answer in answers) / len(answers)


async def test_each_stops_and_starts_under_load(at: Scene) -> None:
    """RabbitMQ stops, PostgreSQL stops and crashes: of 5,000 webhooks 99.9 % are answered 200, which all arrive."""
    async with at.ringer("load") as ringer:
        await ringer.sent(400)
        await at.rabbit.stop()
        await ringer.sent(400)
        await at.rabbit.start()
        await at.circuit(is_open=False)
        stored = await at.metric('webhooks_total{outcome="stored"}')
        for crash in (False, True):
            await at.postgres.stop(crash=crash)
            await ringer.sent(300)
            await at.postgres.start()
            await ringer.sent(100)
        ringer.finish(5_000)
    assert len(ringer.answers) >= 5_000
    assert answered(ringer.answers) >= ANSWERED
    assert stored >= 400 - AT_ONCE  # of those answered once it had stopped, so many may have been confirmed before
    seen = await at.effects(ringer.taken())
    assert ringer.taken() - seen.keys() == set()


async def slowest(at: Scene, name: str) -> tuple[float, set[str]]:
    """Return the 99th percentile of the answers at a steady 100/s in seconds, and whose webhooks were taken."""
    async with at.ringer(name, per_second=100) as ringer:
        ringer.finish(120)
    assert answered(ringer.answers) == 1
    return quantile((answer.seconds for answer in ringer.answers), 0.99), ringer.taken()


async def test_answers_are_fast_while_the_circuit_is_open(at: Scene) -> None:
    """RabbitMQ is silent: whoever rings first waits 2 s, then 99 % are answered within 100 ms; all of them arrive."""
    usual, taken = await slowest(at, "before")
    at.to_rabbit.freeze()
    [first] = await ring_again(at.ingest.port, at.keys, ["silence"])
    assert 1.9 < first.seconds < LONGEST_WAIT
    lost = len(at.ingest.lines("broker.lost"))
    rounds: list[float] = []
    while len(rounds) < ROUNDS and min(rounds, default=1) >= FAST:
        seconds, more = await slowest(at, f"silent-{len(rounds)}")
        rounds.append(seconds)
        taken |= more
    assert len(at.ingest.lines("broker.lost")) == lost, "nobody is silent any more"
    at.to_rabbit.cut()
    at.to_rabbit.thaw()
    assert min(rounds) < max(FAST, min(BUSY, 3 * usual)), (rounds, usual)
    assert taken - (await at.effects(taken)).keys() == set()


@asynccontextmanager
async def alarm(rabbit: Rabbit, kind: str) -> AsyncIterator[None]:
    """Let RabbitMQ be short of something for the length of the block."""
    command, limit, tell = ALARMS[kind]
    before = (await rabbit.run("eval", f"{tell}.")).strip()

    async def raised() -> bool:
        return "resource_limit" in await rabbit.run("eval", "rabbit_alarm:get_alarms().")

    await rabbit.run(command, limit)
    try:
        await until(raised)
        yield
    finally:
        await rabbit.run(command, before)


@pytest.mark.parametrize("kind", ALARMS)
async def test_alarms(at: Scene, kind: str) -> None:
    """RabbitMQ is short of memory or disk and takes nothing: all are answered 200, and arrive when it has room."""
    async with at.ringer(kind, per_second=50) as ringer:
        await ringer.sent(20)
        async with alarm(at.rabbit, kind):
            await at.circuit(is_open=True)
            await ringer.sent(50)
            assert await at.outbox() >= 50
        await at.circuit(is_open=False)
        ringer.finish(0)
    assert answered(ringer.answers) == 1
    assert max(answer.seconds for answer in ringer.answers) < LONGEST_WAIT
    assert ringer.taken() - (await at.effects(ringer.taken())).keys() == set()


async def test_both_are_down(at: Scene) -> None:
    """With neither there the answer is 503 with Retry-After, and what comes again then has its effect once."""
    items = [f"both-{number}" for number in range(20)]
    await asyncio.gather(at.rabbit.stop(), at.postgres.stop())
    refused = await ring_again(at.ingest.port, at.keys, items)
    assert {answer.status for answer in refused} == {503}
    assert all("\r\nretry-after: 30\r\n" in answer.headers for answer in refused)
    await asyncio.gather(at.rabbit.start(), at.postgres.start())
    assert answered(await ring_again(at.ingest.port, at.keys, items)) == 1
    seen = await at.effects(set(items))
    assert [seen[item] for item in items] == [1] * len(items)


@pytest.mark.parametrize("silent", [False, True])
async def test_killed(at: Scene, silent: bool) -> None:
    """Killed between taking webhooks and passing them on, it loses none that it had answered 200."""
    if silent:
        at.to_rabbit.freeze()
    async with at.ringer(f"killed-{silent}") as ringer:
        await ringer.sent(200)
        await at.ingest.end(SIGKILL)
        ringer.finish(0)
    at.to_rabbit.cut()
    at.to_rabbit.thaw()
    await at.ingest.start()
    assert len(ringer.taken()) >= 100
    assert ringer.taken() - (await at.effects(ringer.taken())).keys() == set()


async def test_stopped_while_both_are_silent(at: Scene) -> None:
    """SIGTERM amid an outage of both: whoever waits is answered, the process ends with 0, and what was taken stays."""
    at.to_rabbit.freeze()
    async with at.ringer("stopped", per_second=50) as ringer:
        await at.circuit(is_open=True)
        await ringer.sent(50)
        at.to_postgres.freeze()
        await asyncio.sleep(0.5)
        ending = asyncio.create_task(at.ingest.end(SIGTERM))
        ringer.finish(0)
    assert await ending == 0
    assert {answer.status for answer in ringer.answers} <= {200, 503, None}
    for way in (at.to_rabbit, at.to_postgres):
        way.cut()
        way.thaw()
    await at.ingest.start()
    assert ringer.taken() - (await at.effects(ringer.taken())).keys() == set()
