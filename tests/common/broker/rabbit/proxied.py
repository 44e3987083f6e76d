"""A broker behind a network that a test can break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from common.broker import Broker, BrokerUnavailable, Message
from common.broker.rabbit import RabbitBroker
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import PATIENCE, QUEUES
from tests.servers.proxy import Proxy

ON_ONE_SERVER = pytest.mark.parametrize("server", ["rabbitmq_server"], indirect=True)
"""For what does not depend on the server's version, so that it need not be waited for twice."""


@asynccontextmanager
async def through_proxy(site: RabbitSite, **options: float) -> AsyncIterator[tuple[RabbitBroker, Proxy]]:
    """Yield a connected broker and the network between it and the server."""
    await site.open()
    url = URL(site.url)
    async with Proxy(str(url.host), url.port or 5672).running() as proxy:
        proxied = str(url.with_host("127.0.0.1").with_port(proxy.port))
        broker = RabbitBroker(proxied, prefix=site.prefix, queues=QUEUES, **options)
        await broker.start()
        await asyncio.wait_for(broker.connected(), PATIENCE)
        yield broker, proxy
        await broker.close()


async def is_down(broker: RabbitBroker) -> bool:
    """Whether the broker knows that it has no connection."""
    return not broker.available


async def publish_until_confirmed(broker: Broker, sent: Message) -> None:
    """Publish as often as it takes."""
    while True:
        try:
            return await broker.publish(sent)
        except BrokerUnavailable:
            await asyncio.sleep(0.05)
