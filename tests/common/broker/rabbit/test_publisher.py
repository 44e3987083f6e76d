"""Confirms are true, whatever comes back and however often it is sent."""

import asyncio

from common.broker import Unroutable
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import FIRST, Mailbox, message
from tests.servers.rabbitmq import Rabbit


async def test_no_false_confirm_where_one_message_is_published_twice_at_once(rabbit_site: RabbitSite) -> None:
    """Each publish of an unroutable message is refused, also beside another publish of the same message."""
    broker = await rabbit_site.open()
    lost = message("tests.unheard_of")
    outcomes = await asyncio.gather(*(broker.publish(lost) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unroutable] * 3


async def test_one_message_may_be_published_twice_at_once(rabbit_site: RabbitSite) -> None:
    """Publishing a message beside itself is confirmed each time, and it arrives as often."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message()
    await asyncio.gather(*(broker.publish(sent) for _ in range(5)))
    assert [(await mailbox.next()).id for _ in range(5)] == [sent.id] * 5
    await consumer.stop(grace=1)


async def test_message_whose_queue_was_deleted_finds_it_declared_again(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A queue that somebody deleted, with nobody consuming it, costs no event: it is declared anew for the next one."""
    broker = await rabbit_site.open()
    await rabbit.run("delete_queue", f"{rabbit_site.prefix}{FIRST.name}")
    sent = message()
    await broker.publish(sent)
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    assert await mailbox.next() == sent
    await consumer.stop(grace=1)
