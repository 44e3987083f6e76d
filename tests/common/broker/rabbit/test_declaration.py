import asyncio
import json

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldTable
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from common.broker import BrokerUnavailable, Unroutable
from common.broker.rabbit import RabbitBroker, declaration
from common.broker.rabbit.declaration import DELIVERY_LIMIT, Names, arguments
from common.broker.topology import Queue
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.rabbit.proxied import publish_until_confirmed
from tests.common.broker.site import (
    FIRST,
    LISTENERS,
    PATIENCE,
    QUEUES,
    SECOND,
    SHORT,
    Mailbox,
    eventually,
    message,
    poison,
)
from tests.servers.rabbitmq import Rabbit


async def _queues(rabbit: Rabbit, site: RabbitSite) -> dict[str, dict[str, object]]:
    """Return what the server says of our queues, by name without the prefix."""
    listed = await rabbit.run("list_queues", "--formatter", "json", "name", "type", "durable", "exclusive", "arguments")
    return {
        entry.pop("name").removeprefix(site.prefix): entry
        for entry in json.loads(listed)
        if entry["name"].startswith(site.prefix)
    }


async def test_queues_are_what_we_promise(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """Work queue, waiting rooms and dead letters are quorum queues that hand on at least once, and never drop."""
    await rabbit_site.open()
    queues = await _queues(rabbit, rabbit_site)
    work, room, dead = (queues[f"tests.first{suffix}"] for suffix in ("", ".wait.0.05", ".dead"))
    assert {(queue["type"], queue["durable"]) for queue in (work, room, dead)} == {("quorum", True)}
    handed_on = {
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    assert _arguments(room) == handed_on | {
        "x-dead-letter-routing-key": f"{rabbit_site.prefix}tests.first",
        "x-message-ttl": 50,
    }
    assert _arguments(work) == handed_on | {
        "x-dead-letter-routing-key": f"{rabbit_site.prefix}tests.first.dead",
        "x-delivery-limit": DELIVERY_LIMIT,
    }
    assert _arguments(dead) == {"x-delivery-limit": 1_000_000_000}


def _arguments(queue: dict[str, object]) -> dict[str, object]:
    """Return a queue's arguments; versions before 4 list them as triples."""
    listed = queue["arguments"]
    found = dict(listed) if isinstance(listed, dict) else {name: value for name, _type, value in listed or []}  # type: ignore[attr-defined]
    assert found.pop("x-queue-type") == "quorum"
    return found


async def test_hint_queue_dies_with_its_consumer(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A listening process has an exclusive queue of its own, and leaves none behind."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(LISTENERS, mailbox, prefetch=1)

    async def heard() -> bool:
        await broker.publish(message(LISTENERS.routing_keys[0]))
        return bool(mailbox.seen)

    await eventually(heard)
    (own,) = [queue for name, queue in (await _queues(rabbit, rabbit_site)).items() if name.startswith(LISTENERS.name)]
    assert (own["exclusive"], own["durable"]) == (True, False)
    await consumer.stop(grace=1)

    async def is_gone() -> bool:
        return not any(name.startswith(LISTENERS.name) for name in await _queues(rabbit, rabbit_site))

    await eventually(is_gone)


async def test_queue_that_differs_stays_in_use_and_is_told(rabbit_site: RabbitSite) -> None:
    """A queue as an earlier release declared it goes on working; operators read its name and a remedy."""
    odd = Queue("tests.odd", ("tests.odd",), delays=SHORT)
    name = f"{rabbit_site.prefix}{odd.name}"
    async with await aio_pika.connect(rabbit_site.url) as connection, connection.channel() as channel:
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    broker = RabbitBroker(rabbit_site.url, prefix=rabbit_site.prefix, queues=(*QUEUES, odd))
    with capture_logs() as lines:
        await broker.start()
        await asyncio.wait_for(broker.connected(), PATIENCE)
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["queue"]) == ("broker.queue_differs", name)
    assert "x-dead-letter-exchange" in line["reason"]
    assert "delete it" in line["remedy"]
    assert _troubled(name) == 1
    assert _troubled(f"{rabbit_site.prefix}{FIRST.name}") == 0
    for queue in (odd, FIRST):
        mailbox = Mailbox(poison)
        consumer = await broker.consume(queue, mailbox, prefetch=1)
        sent = message(queue.routing_keys[0])
        await broker.publish(sent)
        assert await mailbox.next() == sent
        await consumer.stop(grace=PATIENCE)
        assert [letter.message.id for letter in await broker.dead(queue)] == [sent.id]
    await broker.close()
    await _delete(rabbit_site, odd)


def _troubled(name: str) -> float | None:
    return REGISTRY.get_sample_value("broker_queue_troubled", {"queue": name})


async def _delete(site: RabbitSite, queue: Queue) -> None:
    async with await aio_pika.connect(site.url) as connection, connection.channel() as channel:
        for name in arguments(Names(site.prefix), queue):
            await channel.queue_delete(name)


async def test_queue_that_does_not_answer_holds_up_no_other(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """While one queue has lost its majority a process starts, publishes to and consumes the others."""
    await rabbit_site.open()
    leader = f"'%2F_{rabbit_site.prefix}{SECOND.name}'"
    await rabbit.run("eval", f"sys:suspend({leader}).")
    try:
        broker = await rabbit_site.open()
        mailbox = Mailbox()
        consumer = await broker.consume(FIRST, mailbox, prefetch=1)
        sent, stuck = message("tests.happened"), message("tests.shared")
        await broker.publish(sent)
        assert await mailbox.next() == sent
        with pytest.raises(BrokerUnavailable):
            await broker.publish(stuck)
    finally:
        await rabbit.run("eval", f"sys:resume({leader}).")
    assert await mailbox.next() == stuck
    await broker.publish(message("tests.shared"))
    await consumer.stop(grace=1)


async def test_message_for_a_queue_that_could_not_be_declared_is_kept(
    rabbit_site: RabbitSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no queue takes is refused for good only where every queue is there; else its sender tries again."""
    declare_queue = declaration._declare_queue
    second = f"{rabbit_site.prefix}{SECOND.name}"

    async def fail_for_second(name: str, its_arguments: FieldTable, channel: AbstractChannel) -> None:
        if name == second:
            raise TimeoutError
        await declare_queue(name, its_arguments, channel)

    monkeypatch.setattr(declaration, "_declare_queue", fail_for_second)
    with capture_logs() as lines:
        broker = await rabbit_site.open()
    assert {(line["event"], line["queue"]) for line in lines if line["log_level"] == "error"} == {
        ("broker.queue_missing", second)
    }
    await broker.publish(message("tests.happened"))
    with pytest.raises(BrokerUnavailable):
        await broker.publish(message("tests.unheard_of"))
    monkeypatch.undo()
    await publish_until_confirmed(broker, message("tests.shared"))
    with pytest.raises(Unroutable):
        await broker.publish(message("tests.unheard_of"))
