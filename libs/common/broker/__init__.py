"""One small Protocol in front of RabbitMQ and the in-process broker; one contract suite holds both to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from common.broker.topology import Queue


class BrokerUnavailable(Exception):
    """The broker did not confirm; the message may or may not have arrived, publish it again."""


class Unroutable(Exception):
    """No queue takes this message: the topology and the event disagree."""


class Undelivered(Exception):
    """The in-process broker gave up on this message; its outbox row keeps it, with the reason."""


class Poison(Exception):
    """This message can never be handled, however often it is tried: bury it at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event in its envelope (AMQP properties); `attempt` is 1 at the first delivery."""

    id: UUID
    type: str
    routing_key: str
    body: bytes
    correlation_id: str
    timestamp: datetime
    attempt: int = 1
    traceparent: str = ""
    """The trace that it belongs to (W3C Trace Context); empty where no traces are taken."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A buried message and why: `exception` is what its last try raised, empty when it never came to that."""

    message: Message
    reason: str
    exception: str
    queue: str
    first_at: datetime
    last_at: datetime


Handler = Callable[[Message], Awaitable[None]]


class Consumer(Protocol):
    """A running consumption of one queue."""

    async def stop(self, grace: float) -> None:
        """Take no more messages and return when those in hand are done, or after `grace` seconds give them back."""


class Broker(Protocol):
    """Publishes durably and delivers at least once.

    Delivery: acknowledge when the handler returns; Poison buries at once; any other exception waits through the queue's
    `delays` and buries after the last. A message routed to a queue is never lost, whatever crashes.
    """

    async def publish(self, message: Message) -> None:
        """Return once the message is safe without its sender, else raise BrokerUnavailable or Unroutable."""

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> Consumer:
        """Start handing the queue's messages to the handler, at most `prefetch` at a time."""

    async def dead(self, queue: Queue) -> list[DeadLetter]:
        """Return what is buried for the queue (at most the 1,000 oldest), oldest first, leaving it there."""

    async def depths(self) -> dict[str, int]:
        """Return how many messages nobody has in hand yet, by queue, the dead among them; raises BrokerUnavailable."""

    async def close(self) -> None:
        """Let go of every resource; consumers are stopped before."""

    @property
    def available(self) -> bool:
        """Whether publishing has a chance right now (for readiness)."""


def new_message(
    *,
    type: str,  # noqa: A002 - AMQP's word
    routing_key: str,
    body: bytes,
    correlation_id: str,
    timestamp: datetime,
    traceparent: str = "",
) -> Message:
    """Return a message with an id of its own."""
    return Message(
        id=uuid4(),
        type=type,
        routing_key=routing_key,
        body=body,
        correlation_id=correlation_id,
        timestamp=timestamp,
        traceparent=traceparent,
    )
