"""A RabbitMQ of a system's own on the session's server: a virtual host, so that no other system's messages come."""

from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika

from common.broker.rabbit.declaration import Names, arguments
from common.broker.topology import BROWSERS, QUEUES
from tests.servers.rabbitmq import Rabbit


async def virtual_host(rabbit: Rabbit) -> str:
    """Return the URL of a new virtual host, or the server's own where it is not ours to command.

    It stays until the server goes: queues are not to be deleted while RabbitMQ starts (rabbitmq-server issue 16652).
    """
    if rabbit.control is None:
        return rabbit.url
    name = f"e2e-{uuid4().hex[:8]}"
    await rabbit.run("add_vhost", name)
    await rabbit.run("set_permissions", "-p", name, str(urlsplit(rabbit.url).username), ".*", ".*", ".*")
    return urlsplit(rabbit.url)._replace(path=f"/{name}").geturl()


async def left_in_queues(rabbit: Rabbit, url: str) -> dict[str, int]:
    """Return how many messages wait or are in a worker's hands, by queue: work, waiting rooms and dead, not hints."""
    name = urlsplit(url).path.removeprefix("/")
    if rabbit.control is None:
        return await _waiting(url)
    table = await rabbit.run("list_queues", "-p", name, "--no-table-headers", "name", "messages")
    counts = dict(line.split("\t") for line in table.splitlines() if "\t" in line)
    return {queue: int(n) for queue, n in counts.items() if n.isdecimal() and n != "0" and not _is_hint(queue)}


def _is_hint(queue: str) -> bool:
    return queue.startswith(BROWSERS.name)


async def _waiting(url: str) -> dict[str, int]:
    """Count over AMQP, which does not tell what is in a worker's hands."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        found = {}
        for name in (name for queue in QUEUES for name in arguments(Names(), queue)):
            declared = await channel.declare_queue(name, passive=True)
            found[name] = declared.declaration_result.message_count or 0
    return {name: count for name, count in found.items() if count}
