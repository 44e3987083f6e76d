"""Confirms are true, whatever comes back and however often it is sent."""

import asyncio

from common.broker import Unroutable
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import FIRST, Mailbox, message


async def test_no_false_confirm_where_one_message_is_published_twice_at_once(rabbit_site: RabbitSite) -> None:
    """Each publish of an unroutable message is refused, also beside another publish of the same message."""
    broker = await rabbit_site.open()
    lost = message("tests.unheard_of")
    outcomes = await asyncio.gather(*(broker.publish(lost) for _ in range(20)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unroutable] * 20


async def test_one_message_may_be_published_twice_at_once(rabbit_site: RabbitSite) -> None:
    """Publishing a message beside itself is confirmed each time, and it arrives as often."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    sent = message()
    await asyncio.gather(*(broker.publish(sent) for _ in range(5)))
    assert [(await mailbox.next()).id for _ in range(5)] == [sent.id] * 5
    await consumer.stop(grace=1)
