import asyncio
import json

import aio_pika
import pytest

from common.broker import BrokerUnavailable
from common.broker.rabbit import RabbitBroker
from common.broker.rabbit.declaration import DELIVERY_LIMIT
from common.broker.topology import Queue
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import LISTENERS, QUEUES, Mailbox, eventually, message
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


async def test_topology_that_differs_is_no_broker(rabbit_site: RabbitSite) -> None:
    """Where a queue exists with other arguments than ours, nothing is published into it: available stays False."""
    await rabbit_site.open()
    async with await aio_pika.connect(rabbit_site.url) as connection, connection.channel() as channel:
        await channel.declare_queue(
            f"{rabbit_site.prefix}tests.odd", durable=True, arguments={"x-queue-type": "quorum"}
        )
    odd = RabbitBroker(rabbit_site.url, prefix=rabbit_site.prefix, queues=(*QUEUES, Queue("tests.odd", ("tests.odd",))))
    await odd.start()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(odd.connected(), 1)
    with pytest.raises(BrokerUnavailable):
        await odd.publish(message())
    await odd.close()
