"""From a message to a typed handler: dispatch on `type`, with the correlation id bound for the length of the work."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from common.broker import Handler, Message, Poison
from common.events import Event
from common.logging import correlated
from common.tracing import handling

log = structlog.get_logger(__name__)

HANDLED = Counter("messages_total", "Messages by outcome", ["type", "outcome"])

Handlers = Mapping[type[Event], Callable[[Any], Awaitable[None]]]
"""An event's class and the plain typed function that handles it."""


def dispatch(handlers: Handlers) -> Handler:
    """Return a handler of messages that parses each and calls its event's function.

    Raises Poison for a type that nobody here handles and for a body that is not that event.
    """
    by_type = {event.type: (event, handle) for event, handle in handlers.items()}

    async def handle_message(message: Message) -> None:
        outcome = "failed"
        bound = correlated(message.correlation_id, message_id=str(message.id), message_type=message.type)
        with bound, handling(message):
            try:
                event_class, handle = by_type.get(message.type) or _nobody(message)
                await handle(_event(event_class, message))
                outcome = "handled"
            except Poison:
                outcome = "poison"
                raise
            except Exception as error:
                log.warning("message.failed", attempt=message.attempt, error=type(error).__name__, exc_info=True)
                raise
            finally:
                HANDLED.labels(message.type, outcome).inc()

    return handle_message


def _nobody(message: Message) -> NoReturn:
    raise Poison(f"no handler for {message.type}")


def _event(event_class: type[Event], message: Message) -> Event:
    try:
        return event_class.model_validate_json(message.body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
        raise Poison(f"unreadable {message.type}: {fields or 'body'}") from None
