from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest

from common.broker.rabbit.declaration import Names
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import FIRST, Mailbox, message, poison


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"message_id": "not a uuid", "headers": {"x-attempt": "many", "x-timestamp": "yesterday", "x-routing-key": 7}},
        {"headers": {"x-attempt": -3, "x-first-failed-at": "never"}},
    ],
    ids=["nothing", "nonsense", "impossible"],
)
async def test_foreign_message_is_handed_over_all_the_same(rabbit_site: RabbitSite, properties: dict[str, Any]) -> None:
    """A message that somebody else put into a queue reaches the handler, which can refuse it, and can be buried."""
    broker = await rabbit_site.open()
    mailbox = Mailbox(poison)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    async with await aio_pika.connect(rabbit_site.url) as connection, connection.channel() as channel:
        exchange = await channel.get_exchange(Names(rabbit_site.prefix).exchange)
        await exchange.publish(aio_pika.Message(b"\xff\x00", **properties), "tests.happened")
    got = await mailbox.next()
    assert (got.type, got.routing_key, got.body, got.attempt) == ("", "tests.happened", b"\xff\x00", 1)
    await consumer.stop(grace=5)
    (letter,) = await broker.dead(FIRST)
    assert (letter.message.body, letter.reason) == (b"\xff\x00", "poison")
    assert abs((datetime.now(UTC) - letter.first_at).total_seconds()) < 60


async def test_message_on_the_wire_is_persistent_and_named(rabbit_site: RabbitSite) -> None:
    """Operators see the envelope in AMQP's own properties, and the message survives its server."""
    broker = await rabbit_site.open()
    sent = message()
    await broker.publish(sent)
    async with await aio_pika.connect(rabbit_site.url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(f"{rabbit_site.prefix}{FIRST.name}", ensure=False)
        found = await queue.get()
        assert found.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        assert (found.message_id, found.type) == (str(sent.id), sent.type)
        assert (found.correlation_id, found.timestamp) == (sent.correlation_id, sent.timestamp.replace(microsecond=0))
        assert found.content_type == "application/json"
