import aio_pika
import pytest
from yarl import URL

from common.broker import Message
from common.broker.rabbit import RabbitBroker
from common.broker.rabbit.declaration import Names
from common.broker.topology import CATEGORIZE, QUEUES, SYNC
from ops.checks import broker as checks
from ops.checks.finding import Finding, Outcome
from tests.e2e.virtual_hosts import virtual_host
from tests.servers.rabbitmq import Rabbit
from tests.sync_worker.world import until


@pytest.fixture
async def amqp(rabbitmq_server: Rabbit) -> str:
    """A virtual host of this test alone, where nothing is declared."""
    return await virtual_host(rabbitmq_server)


async def nothing(_message: Message) -> None:
    """Take it."""


async def by_name(url: str) -> dict[str, Finding]:
    return {one.check: one for one in await checks.reach(url)}


@pytest.mark.parametrize("change", [{"password": "hush"}, {"path": "/hush"}])
async def test_who_is_not_let_in(change: dict[str, str], amqp: str) -> None:
    """A wrong password and a virtual host that is not there are told apart from a server that is not there."""
    url = URL(amqp)
    url = url.with_password(change["password"]) if "password" in change else url.with_path(change["path"])
    [found] = await checks.reach(str(url))
    assert (found.outcome, found.says) == (Outcome.FAIL, "does not let us in")
    [away] = await checks.reach(str(URL(amqp).with_port(1)))
    assert (away.outcome, away.says) == (Outcome.FAIL, "cannot be reached")


async def test_queues_are_there_and_served(amqp: str) -> None:
    """None declared, all declared, all served, one with a dead letter: each is told, and looking makes no queue."""
    before = await by_name(amqp)
    assert (before["queues"].outcome, SYNC.name in before["queues"].says) == (Outcome.FAIL, True)
    assert before == await by_name(amqp)
    broker = RabbitBroker(amqp)
    await broker.start()
    await broker.connected()
    try:
        declared = await by_name(amqp)
        assert (declared["queues"].outcome, declared["consumers"].outcome) == (Outcome.OK, Outcome.FAIL)
        assert declared["consumers"].remedy is not None
        assert "categorizer and sync_worker" in declared["consumers"].remedy
        consumers = [await broker.consume(queue, nothing, prefetch=1) for queue in QUEUES]
        await bury(amqp)

        async def are_served() -> bool:
            return (await by_name(amqp))["consumers"].outcome is Outcome.OK

        await until(are_served)
        served = await by_name(amqp)
        for consumer in consumers:
            await consumer.stop(1)
    finally:
        await broker.close()
    outcomes = {name: one.outcome for name, one in served.items()}
    assert outcomes == {
        "RabbitMQ": Outcome.OK,
        "queues": Outcome.OK,
        "consumers": Outcome.OK,
        "dead letters": Outcome.WARN,
    }


async def bury(url: str) -> None:
    """Put something among the dead letters."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(b"x"), Names().dead(CATEGORIZE))


async def test_a_queue_that_another_release_declared(amqp: str) -> None:
    """It is named, and stays what it is."""
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel()
        await channel.declare_queue(SYNC.name, durable=True, arguments={"x-queue-type": "quorum"})
    broker = RabbitBroker(amqp)
    await broker.start()
    await broker.connected()
    await broker.close()
    found = (await by_name(amqp))["queues"]
    assert (found.outcome, found.says.split(": ")[1]) == (Outcome.WARN, SYNC.name)


async def test_a_server_that_is_full(amqp: str, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short of memory it takes no message, and that is told."""
    monkeypatch.setattr(checks, "CONFIRM_WITHIN", 0.5)
    await rabbit.run("set_vm_memory_high_watermark", "0")

    async def is_told() -> bool:
        return "alarms" in str((await by_name(amqp))["RabbitMQ"].remedy)

    try:
        await until(is_told)
    finally:
        await rabbit.run("set_vm_memory_high_watermark", "0.4")
