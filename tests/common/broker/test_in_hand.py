"""The contract of Broker, held against both implementations: how many run at once, and how a consumer stops."""

import asyncio

from common.broker import Broker, Message
from tests.common.broker.site import FIRST, SECOND, Mailbox, Site, hang, message


async def test_slow_messages_leave_the_other_slots_free(site: Site, broker: Broker) -> None:
    """With a prefetch of two, one that hangs does not block the next ones."""
    slow = message()

    async def hang_on_the_slow(message: Message) -> None:
        if message.id == slow.id:
            await hang(message)

    mailbox = Mailbox(hang_on_the_slow)
    consumer = await broker.consume(FIRST, mailbox, prefetch=2)
    site.post(broker, slow)
    assert (await mailbox.next()).id == slow.id
    for _ in range(3):
        quick = message()
        site.post(broker, quick)
        assert (await mailbox.next()).id == quick.id
    await consumer.stop(grace=0.05)


async def test_prefetch_bounds_what_runs_at_once(site: Site, broker: Broker) -> None:
    """Never more handlers at a time than the prefetch, and as many as that."""
    running = most = 0

    async def count(message: Message) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    mailbox = Mailbox(count)
    sent = [message() for _ in range(20)]
    for one in sent:
        site.post(broker, one)
    consumer = await broker.consume(FIRST, mailbox, prefetch=3)
    for _ in sent:
        await mailbox.next()
    await consumer.stop(grace=5)
    assert most == 3


async def test_busy_consumer_leaves_the_rest_to_the_others(site: Site) -> None:
    """A consumer holds no more messages than its prefetch: what it cannot start another one gets."""
    one, other = await site.open(), await site.open()
    busy, idle = Mailbox(hang), Mailbox()
    consumers = [await one.consume(FIRST, busy, prefetch=1)]
    sent = [message() for _ in range(5)]
    site.post(one, sent[0])
    await busy.next()
    for each in sent[1:]:
        site.post(one, each)
    consumers.append(await other.consume(FIRST, idle, prefetch=1))
    assert {(await idle.next()).id for _ in sent[1:]} == {each.id for each in sent[1:]}
    for consumer in consumers:
        await consumer.stop(grace=0.05)


async def test_full_consumer_of_one_queue_holds_up_no_other_queue(site: Site, broker: Broker) -> None:
    """Queues share no slots: where every slot of one is taken, the other goes on (people never wait behind sweeps)."""
    full, free = Mailbox(hang), Mailbox()
    consumers = [await broker.consume(FIRST, full, prefetch=1), await broker.consume(SECOND, free, prefetch=1)]
    site.post(broker, message("tests.happened"))
    await full.next()
    for _ in range(3):
        site.post(broker, sent := message("tests.shared"))
        assert (await free.next()).id == sent.id
    for consumer in consumers:
        await consumer.stop(grace=0.05)
    assert len(full.seen) == 1


async def test_stop_waits_for_what_is_in_hand(site: Site, broker: Broker) -> None:
    """A handler at work when stop is called ends in peace; what comes later is the next consumer's."""
    go_on = asyncio.Event()
    finished = []

    async def wait(message: Message) -> None:
        await go_on.wait()
        finished.append(message.id)

    mailbox = Mailbox(wait)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    in_hand, later = message(), message()
    site.post(broker, in_hand)
    await mailbox.next()
    stopping = asyncio.create_task(consumer.stop(grace=20))
    site.post(broker, later)
    done, _ = await asyncio.wait([stopping], timeout=0.2)
    assert not done
    go_on.set()
    await stopping
    assert finished == [in_hand.id]
    successor = Mailbox()
    consumer = await broker.consume(FIRST, successor, prefetch=1)
    assert (await successor.next()).id == later.id
    await consumer.stop(grace=1)
    assert len(successor.seen) == len(mailbox.seen) == 1


async def test_stop_gives_back_what_is_not_done_in_time(site: Site, broker: Broker) -> None:
    """After its grace stop cancels; the next consumer gets that message, and those behind it, as not yet tried."""
    mailbox = Mailbox(hang)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    sent = [message(), message()]
    for one in sent:
        site.post(broker, one)
    await mailbox.next()
    await consumer.stop(grace=0.05)
    successor = Mailbox()
    consumer = await broker.consume(FIRST, successor, prefetch=1)
    got = [await successor.next(), await successor.next()]
    assert {(one.id, one.attempt) for one in got} == {(one.id, 1) for one in sent}
    await consumer.stop(grace=1)
