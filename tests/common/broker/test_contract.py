"""The contract of Broker, held against both implementations: routing and delivery."""

import asyncio
from functools import partial

import pytest

from common.broker import Broker, BrokerUnavailable, Unroutable
from common.broker.topology import Queue
from tests.common.broker.site import (
    FIRST,
    LISTENERS,
    PATIENCE,
    QUEUES,
    SECOND,
    Mailbox,
    Site,
    eventually,
    fail,
    message,
    poison,
)


async def test_message_is_handled_once_with_its_envelope(site: Site, broker: Broker) -> None:
    """What a handler gets equals what was published, envelope and body, as the first attempt."""
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message(body='{"amount": "12.50", "note": "naïve"}'.encode())
    await broker.publish(sent)
    assert await mailbox.next() == sent
    assert sent.attempt == 1
    await consumer.stop(grace=1)
    assert mailbox.seen == [sent]


async def test_every_queue_of_a_routing_key_gets_a_copy(site: Site, broker: Broker) -> None:
    """A message goes to each queue that asked for its routing key, and to no other."""
    first, second = Mailbox(), Mailbox()
    consumers = [
        await broker.consume(FIRST, first, prefetch=5),
        await broker.consume(SECOND, second, prefetch=5),
    ]
    shared, alone = message("tests.shared"), message("tests.happened")
    await broker.publish(shared)
    await broker.publish(alone)
    assert {(await first.next()).id, (await first.next()).id} == {shared.id, alone.id}
    assert (await second.next()).id == shared.id
    for consumer in consumers:
        await consumer.stop(grace=1)
    assert len(second.seen) == 1


async def test_each_of_many_messages_published_at_once_is_handled_once(site: Site, broker: Broker) -> None:
    """Concurrent publishes neither lose nor double a message."""
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=20)
    sent = [message() for _ in range(300)]
    await asyncio.gather(*(broker.publish(one) for one in sent))
    for _ in sent:
        await mailbox.next()
    await consumer.stop(grace=1)
    assert sorted(one.id for one in mailbox.seen) == sorted(one.id for one in sent)


async def test_message_waits_for_its_first_consumer(site: Site, broker: Broker) -> None:
    """A message that nobody consumes yet is kept."""
    sent = message()
    site.post(broker, sent)
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    assert await mailbox.next() == sent
    await consumer.stop(grace=1)


async def test_two_consumers_share_a_queue(site: Site) -> None:
    """Each message of a queue goes to one of its consumers, also of different processes."""
    one, other = await site.open(), await site.open()
    mailboxes = [Mailbox(), Mailbox()]
    consumers = [
        await one.consume(FIRST, mailboxes[0], prefetch=1),
        await other.consume(FIRST, mailboxes[1], prefetch=1),
    ]
    sent = [message() for _ in range(40)]
    for each in sent:
        site.post(one, each)

    async def all_arrived() -> bool:
        return sum(len(mailbox.seen) for mailbox in mailboxes) >= len(sent)

    await eventually(all_arrived)
    for consumer in consumers:
        await consumer.stop(grace=1)
    assert sorted(m.id for mailbox in mailboxes for m in mailbox.seen) == sorted(m.id for m in sent)


async def test_message_that_no_queue_takes_is_refused(broker: Broker) -> None:
    """An unroutable message is an error of its publisher, not silence."""
    with pytest.raises(Unroutable):
        await broker.publish(message("tests.unheard_of"))


async def test_queue_outside_the_topology_is_refused(broker: Broker) -> None:
    """Nobody can consume a queue that nobody declares."""
    with pytest.raises(ValueError, match=r"tests\.other"):
        await broker.consume(Queue("tests.other", ("tests.happened",)), Mailbox(), prefetch=1)


async def test_hint_without_a_listener_is_no_error(broker: Broker) -> None:
    """A hint may be lost: nobody listening is fine."""
    await broker.publish(message(LISTENERS.routing_keys[0]))


async def test_every_process_hears_a_hint(site: Site) -> None:
    """Each listening process gets each hint, and a handler that fails on one hears the next."""
    one, other = await site.open(), await site.open()
    mailboxes = [Mailbox(fail), Mailbox()]
    consumers = [
        await one.consume(LISTENERS, mailboxes[0], prefetch=5),
        await other.consume(LISTENERS, mailboxes[1], prefetch=5),
    ]

    async def both_heard_two() -> bool:
        await one.publish(message(LISTENERS.routing_keys[0]))
        return all(len({hint.id for hint in mailbox.seen}) >= 2 for mailbox in mailboxes)

    await eventually(both_heard_two)
    for consumer in consumers:
        await consumer.stop(grace=1)


async def test_closed_broker_takes_nothing(broker: Broker) -> None:
    """After close nothing is available and publishing says so."""
    before = broker.available
    await broker.close()
    assert (before, broker.available) == (True, False)
    with pytest.raises(BrokerUnavailable):
        await broker.publish(message())


async def test_depths_are_of_what_nobody_has_in_hand(site: Site, broker: Broker) -> None:
    """What waits for its first consumer is counted, without being disturbed, and so is what was buried."""
    names = {queue.name for queue in QUEUES} | {f"{queue.name}.dead" for queue in QUEUES}
    assert names <= (await broker.depths()).keys()
    site.post(broker, message())

    async def counted(name: str, number: int) -> bool:
        return (await broker.depths())[name] == number

    await eventually(partial(counted, FIRST.name, 1))
    consumer = await broker.consume(FIRST, poison, prefetch=1)
    await eventually(partial(counted, f"{FIRST.name}.dead", 1))
    assert await counted(FIRST.name, 0)
    await consumer.stop(PATIENCE)
