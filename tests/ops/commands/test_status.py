import asyncio
import json
import os
import signal
import sys
from datetime import timedelta

import pytest
from yarl import URL

from common.broker import Message
from common.broker.rabbit import RabbitBroker
from common.broker.topology import QUEUES
from ops.overview import Overview, look, troubles
from tests.e2e.virtual_hosts import virtual_host
from tests.ops.command import PATIENCE, Ops
from tests.servers.rabbitmq import Rabbit
from tests.sync_worker.world import World, until

QUARANTINE = """
    INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason) VALUES (:id, 't', '{}', 'odd')
"""
BURY = """
    INSERT INTO outbox (id, type, routing_key, body, correlation_id, occurred_at, claimed_until, dead_at)
    VALUES (gen_random_uuid(), 't', 't', '{}', 'c', now(), now(), now())
"""


async def nothing(_message: Message) -> None:
    """Take it."""


async def seen(world: World, amqp_url: str) -> Overview:
    return await look(world.worker.database, {}, timedelta(hours=6), amqp_url)


async def test_how_everything_stands(ops: Ops, world: World, rabbitmq_server: Rabbit) -> None:
    """Counted from the tables and the queues; with workers and without trouble it ends with 0."""
    await world.link()
    amqp_url = await virtual_host(rabbitmq_server)
    assert not (await seen(world, str(URL(amqp_url).with_path("/nobody")))).broker_answers
    before = await seen(world, amqp_url)
    assert [one.waiting for one in before.queues] == [None] * len(QUEUES)
    broker = RabbitBroker(amqp_url)
    consumers = [await broker.consume(queue, nothing, prefetch=1) for queue in QUEUES]
    await broker.start()
    await broker.connected()

    async def all_is_well() -> bool:
        return troubles(await seen(world, amqp_url)) == []

    await until(all_is_well, within=PATIENCE)
    ended = await Ops(ops.environment | {"AMQP_URL": amqp_url}).process("status", "--json")
    for consumer in consumers:
        await consumer.stop(1)
    await broker.close()
    found = json.loads(ended.out)
    assert ended.code == 0
    assert (found["wrong"], found["census"]["items"]["active"], found["broker_answers"]) == ([], 1, True)
    assert [(queue["waiting"], queue["consumers"]) for queue in found["queues"]] == [(0, 1)] * len(QUEUES)


async def test_what_is_wrong_ends_with_1(ops: Ops, world: World) -> None:
    """Without AMQP_URL the queues are left out; what the tables tell is told, each with its command."""
    item = await world.link()
    await world.rows(QUARANTINE, id=item.id)
    await world.rows(BURY)
    ended = await ops("status")
    assert (ended.code, "2 things are wrong" in ended.out) == (1, True)
    assert "ops quarantine list" in ended.out


async def test_a_broker_that_is_away_is_told(ops: Ops) -> None:
    """The rest of the screen is there all the same, and no password is."""
    ended = await Ops(ops.environment | {"AMQP_URL": "amqp://cora:hush@127.0.0.1:1/"}).process("status")
    assert (ended.code, "RabbitMQ does not answer" in ended.out, "hush" in ended.out + ended.err) == (1, True, False)


async def test_it_is_watched_until_ctrl_c(ops: Ops) -> None:
    """Drawn again and again in place; Ctrl-C is how one ends it, and no failure."""
    environment = dict(os.environ) | {name: value for name, value in ops.environment.items() if value is not None}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ops", "status", "--watch", "--every", "0.2",
        env=environment | {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stderr is not None
    seen = b""
    async with asyncio.timeout(PATIENCE):
        while seen.count(b"All is well") < 3:
            seen += await child.stdout.read(65_536)
        child.send_signal(signal.SIGINT)
        await child.stdout.read()
        assert (await child.stderr.read(), await child.wait()) == (b"", 0)


async def test_nothing_is_watched_as_json(ops: Ops) -> None:
    """One of the two."""
    assert (await ops("status", "--watch", "--json")).code == 2


@pytest.mark.parametrize("name", ["SYNC_MAX_SILENCE", "AMQP_URL"])
async def test_settings_that_make_no_sense_are_told(name: str, ops: Ops) -> None:
    """By name."""
    ended = await Ops(ops.environment | {name: "hush"})("status")
    assert (ended.code, name in ended.err, "hush" in ended.err) == (2, True, False)
