import asyncio

import pytest

from common.broker import BrokerUnavailable, Message, Undelivered
from common.broker.memory import MemoryBroker
from tests.common.broker.site import FIRST, QUEUES, SECOND, SHORT, Mailbox, fail, message, poison


async def test_publish_returns_when_every_handler_is_done() -> None:
    """The publisher's outbox row lives exactly as long as the slowest handler."""
    broker = MemoryBroker(QUEUES)
    go_on = asyncio.Event()

    async def wait(message: Message) -> None:
        await go_on.wait()

    slow = Mailbox(wait)
    await broker.consume(FIRST, Mailbox(), prefetch=1)
    await broker.consume(SECOND, slow, prefetch=1)
    publishing = asyncio.create_task(broker.publish(message("tests.shared")))
    await slow.next()
    assert not publishing.done()
    go_on.set()
    await publishing
    await broker.close()


async def test_burial_is_told_to_the_publisher() -> None:
    """Publish raises Undelivered with queue and reason, though the other queue took its copy."""
    broker = MemoryBroker(QUEUES)
    taken = Mailbox()
    consumers = [
        await broker.consume(FIRST, Mailbox(poison), prefetch=1),
        await broker.consume(SECOND, taken, prefetch=1),
    ]
    with pytest.raises(Undelivered, match=r"tests\.first: poison: Poison: unreadable"):
        await broker.publish(message("tests.shared"))
    assert len(taken.seen) == 1
    for consumer in consumers:
        await consumer.stop(grace=1)


async def test_message_in_flight_is_not_run_twice() -> None:
    """Publishing an id again while it is under way awaits the same outcome; afterwards it runs anew."""
    broker = MemoryBroker(QUEUES)
    mailbox = Mailbox(poison)
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message()
    outcomes = await asyncio.gather(*(broker.publish(sent) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Undelivered] * 3
    assert len(mailbox.seen) == 1
    with pytest.raises(Undelivered):
        await broker.publish(sent)
    assert len(mailbox.seen) == 2
    await consumer.stop(grace=1)


async def test_cancelled_publisher_does_not_cancel_the_handler() -> None:
    """A publisher that goes away leaves its message under way."""
    broker = MemoryBroker(QUEUES)
    go_on, finished = asyncio.Event(), asyncio.Event()

    async def wait(message: Message) -> None:
        await go_on.wait()
        finished.set()

    mailbox = Mailbox(wait)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    publishing = asyncio.create_task(broker.publish(message()))
    await mailbox.next()
    publishing.cancel()
    await asyncio.wait([publishing])
    go_on.set()
    await asyncio.wait_for(finished.wait(), 5)
    await consumer.stop(grace=1)


async def test_close_ends_every_publish_so_that_its_row_stays() -> None:
    """What is in hand, waiting for a retry or for a consumer at close raises BrokerUnavailable at its publisher."""

    async def hang(_seconds: float) -> None:
        await asyncio.Event().wait()

    broker = MemoryBroker(QUEUES, sleep=hang)
    mailbox = Mailbox(fail)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    publishing = [
        asyncio.create_task(broker.publish(message())),
        asyncio.create_task(broker.publish(message("tests.shared"))),
    ]
    await mailbox.next()
    await mailbox.next()
    await consumer.stop(grace=0)
    await broker.close()
    outcomes = await asyncio.gather(*publishing, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BrokerUnavailable] * 2


async def test_retries_wait_the_delays_of_their_queue() -> None:
    """The waiting rooms are the queue's delays, in their order."""
    waited = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    broker = MemoryBroker(QUEUES, sleep=note)
    consumer = await broker.consume(FIRST, Mailbox(fail), prefetch=1)
    with pytest.raises(Undelivered):
        await broker.publish(message())
    assert waited == [delay.total_seconds() for delay in SHORT]
    await consumer.stop(grace=1)
