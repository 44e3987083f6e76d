"""The events as an AsyncAPI 3.0 document, generated from the models; `python -m common.asyncapi` prints it."""

import json
from typing import Any

from common.broker import topology
from common.events import EVENTS

Json = dict[str, Any]

HEADERS: Json = {
    "type": "object",
    "properties": {
        "message_id": {"type": "string", "format": "uuid"},
        "type": {"type": "string", "description": "which event the body is; consumers dispatch on it"},
        "correlation_id": {"type": "string", "description": "the same from webhook to expense"},
        "timestamp": {"type": "string", "format": "date-time"},
    },
}


def document() -> Json:
    """Return the document: one channel per queue, one message per event."""
    messages = {name: _message(name) for name in EVENTS}
    queues = [*topology.QUEUES, topology.BROWSERS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "CORA Bank Sync events",
            "version": "1",
            "description": f"Topic exchange `{topology.EXCHANGE}`; at least once, in any order; ids, never tokens.",
        },
        "defaultContentType": "application/json",
        "channels": {queue.name: _channel(queue) for queue in queues},
        "components": {"messages": messages},
    }


def _message(name: str) -> Json:
    event = EVENTS[name]
    return {
        "name": name,
        "summary": (event.__doc__ or "").strip(),
        "headers": HEADERS,
        "payload": event.model_json_schema(mode="serialization"),
    }


def _channel(queue: topology.Queue) -> Json:
    names = [name for name in EVENTS if any(key == name or key.startswith(f"{name}.") for key in queue.routing_keys)]
    return {
        "address": queue.name,
        "description": f"Bound to {', '.join(queue.routing_keys)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def main() -> None:
    """Print the document."""
    print(json.dumps(document(), indent=2))  # noqa: T201 - a command that prints


if __name__ == "__main__":
    main()
