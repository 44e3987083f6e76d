"""A broker that fails on demand, for what stands before a broker."""

import asyncio
from dataclasses import dataclass, field

from common.broker import BrokerUnavailable, Consumer, DeadLetter, Handler, Message
from common.broker.topology import Queue


@dataclass
class FaultyBroker:
    """Confirms what it is given; or is down, or hangs, or has a fault for a type of message."""

    down: bool = False
    hangs: bool = False
    faults: dict[str, Exception] = field(default_factory=dict)
    tries: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    published: list[Message] = field(default_factory=list)

    @property
    def available(self) -> bool:
        return not self.down

    async def publish(self, message: Message) -> None:
        self.tries += 1
        if self.down:
            raise BrokerUnavailable("down")
        if fault := self.faults.get(message.type):
            raise fault
        if self.hangs:
            await self.released.wait()
        self.published.append(message)

    def release(self) -> None:
        """Confirm what hangs, and hang no more."""
        self.hangs = False
        self.released.set()

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> Consumer:
        raise NotImplementedError

    async def dead(self, queue: Queue) -> list[DeadLetter]:
        raise NotImplementedError

    async def depths(self) -> dict[str, int]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""
