"""The contract of Broker, held against both implementations: what becomes of a message whose handler fails."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prometheus_client import REGISTRY

from common.broker import Broker, Message
from tests.common.broker.site import FIRST, SHORT, Mailbox, Site, eventually, fail, message, poison


async def test_failure_is_tried_again_and_success_ends_it(site: Site, broker: Broker) -> None:
    """A message whose first try failed comes again as attempt 2, unchanged, and is not buried once that returned.

    That it waits is counted, with what failed.
    """
    labels = {"queue": FIRST.name, "reason": "RuntimeError"}
    retried = REGISTRY.get_sample_value("messages_retried_total", labels) or 0

    async def fail_first(message: Message) -> None:
        if message.attempt == 1:
            await fail(message)

    mailbox = Mailbox(fail_first)
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message()
    posted = site.post(broker, sent)
    first, again = await mailbox.next(), await mailbox.next()
    assert (first, again.attempt) == (sent, 2)
    assert (again.id, again.type, again.routing_key, again.body) == (sent.id, sent.type, sent.routing_key, sent.body)
    assert (again.correlation_id, again.timestamp) == (sent.correlation_id, sent.timestamp)
    assert (again.traceparent, bool(sent.traceparent)) == (sent.traceparent, True)
    await posted
    await consumer.stop(grace=1)
    assert await broker.dead(FIRST) == []
    assert REGISTRY.get_sample_value("messages_retried_total", labels) == retried + 1


async def test_message_that_always_fails_is_buried_after_its_last_delay(site: Site, broker: Broker) -> None:
    """After one try more than there are delays it lies among the dead, with why, how often and from when to when."""
    mailbox = Mailbox(fail)
    began = datetime.now(UTC)
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message()
    site.post(broker, sent)

    async def is_buried() -> bool:
        return len(await broker.dead(FIRST)) == 1

    await eventually(is_buried)
    (letter,) = await broker.dead(FIRST)
    assert [one.attempt for one in mailbox.seen] == [1, 2, 3]
    assert (letter.message.id, letter.message.attempt, letter.message.body) == (sent.id, 3, sent.body)
    assert (letter.message.type, letter.message.routing_key) == (sent.type, sent.routing_key)
    assert {one.traceparent for one in (*mailbox.seen, letter.message)} == {sent.traceparent}
    assert (letter.queue, letter.reason) == (FIRST.name, "attempts exhausted")
    assert letter.exception == "RuntimeError: no luck"
    assert began <= letter.first_at
    assert letter.first_at + sum(SHORT, timedelta()) <= letter.last_at <= datetime.now(UTC)
    await consumer.stop(grace=1)


async def test_poison_is_buried_at_once(site: Site, broker: Broker) -> None:
    """A message that can never be handled is not tried twice."""
    mailbox = Mailbox(poison)
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message()
    site.post(broker, sent)

    async def is_buried() -> bool:
        return [letter.message.id for letter in await broker.dead(FIRST)] == [sent.id]

    await eventually(is_buried)
    (letter,) = await broker.dead(FIRST)
    assert (letter.reason, letter.exception, letter.message.attempt) == ("poison", "Poison: unreadable", 1)
    await consumer.stop(grace=1)
    assert len(mailbox.seen) == 1


async def test_dead_lists_oldest_first(site: Site, broker: Broker) -> None:
    """Reading the dead takes nothing away and tells them in the order of their burial."""
    mailbox = Mailbox(poison)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    sent = [message() for _ in range(5)]
    for one in sent:
        site.post(broker, one)
        await mailbox.next()

    async def all_are_there() -> bool:
        return [letter.message.id for letter in await broker.dead(FIRST)] == [one.id for one in sent]

    await eventually(all_are_there)
    await eventually(all_are_there)
    await consumer.stop(grace=1)


async def test_a_failing_message_does_not_hold_up_the_others(site: Site, broker: Broker) -> None:
    """While one waits for its next try, the queue goes on, even with a prefetch of one."""
    bad = message()

    async def fail_the_bad(message: Message) -> None:
        if message.id == bad.id:
            await fail(message)

    mailbox = Mailbox(fail_the_bad)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    site.post(broker, bad)
    await mailbox.next()
    good = [message() for _ in range(3)]
    for one in good:
        site.post(broker, one)
    seen: set[UUID] = set()
    while not seen >= {one.id for one in good}:
        seen.add((await mailbox.next()).id)
    await consumer.stop(grace=1)


async def test_handler_that_cancels_itself_has_failed(site: Site, broker: Broker) -> None:
    """A cancellation from inside a handler is a failure like any other: tried again, and its slot is free."""

    async def cancel_first(message: Message) -> None:
        if message.attempt == 1:
            raise asyncio.CancelledError

    mailbox = Mailbox(cancel_first)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    site.post(broker, message())
    assert [(await mailbox.next()).attempt, (await mailbox.next()).attempt] == [1, 2]
    await consumer.stop(grace=1)
