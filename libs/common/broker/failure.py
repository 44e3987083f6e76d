"""A handler's try, and what becomes of a message whose try failed: decided here for both brokers."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import Counter

from common.broker import Handler, Message, Poison
from common.broker.topology import Queue

log = structlog.get_logger(__name__)

BURIED = Counter("messages_buried_total", "Messages given up by us, to be found in <queue>.dead", ["queue", "reason"])
RETRIED = Counter("messages_retried_total", "Messages that wait for another try, by what failed", ["queue", "reason"])
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """The decision: wait for `delay` and try again, or, where it is None, be buried for `reason`."""

    delay: timedelta | None
    reason: str
    exception: str


def judge(queue: Queue, attempt: int, error: BaseException) -> Failure:
    """Return what follows from the `attempt`-th try ending in `error`."""
    name = type(error).__name__
    exception = f"{name}: {error}"[:LONGEST] if str(error) else name
    if isinstance(error, Poison):
        return Failure(None, "poison", exception)
    if attempt > len(queue.delays):
        return Failure(None, "attempts exhausted", exception)
    return Failure(queue.delays[attempt - 1], "", exception)


async def attempt(handler: Handler, message: Message) -> BaseException | None:
    """Return what the handler raised, or None; only the cancellation of the calling task itself passes through."""
    try:
        await handler(message)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return error
    except Exception as error:  # noqa: BLE001 - a handler may fail in any way; none may take the consumer down
        return error
    return None


def record_retry(queue: Queue, error: BaseException) -> None:
    """Count that a message waits for another try: the reason is the error's class, of which there are few."""
    RETRIED.labels(queue.name, type(error).__name__).inc()


def record_burial(queue: Queue, message: Message, failure: Failure) -> None:
    """Tell operators that a message was given up, and count it."""
    BURIED.labels(queue.name, failure.reason).inc()
    log.error(
        "message.buried",
        queue=queue.name,
        message_id=str(message.id),
        type=message.type,
        correlation_id=message.correlation_id,
        attempt=message.attempt,
        reason=failure.reason,
        exception=failure.exception,
    )
