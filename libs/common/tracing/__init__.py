"""Traces from a webhook to its expense (OpenTelemetry), where a collector is named; nothing is imported where none is.

A message carries the W3C trace context of whoever emitted it (`traceparent`), through the outbox and waiting rooms too,
so one trace goes through all services, whatever waited in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import Engine

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from structlog.typing import EventDict, WrappedLogger

    from common.broker import Message
    from common.tracing.telemetry import Telemetry


class _Process:
    """What this process traces with; None where nobody asked for traces."""

    telemetry: ClassVar["Telemetry | None"] = None


@contextmanager
def tracing(service: str, endpoint: str | None) -> Iterator[None]:
    """Send this process's spans to the collector at `endpoint` (OTLP over HTTP) during the block, if there is one."""
    if endpoint is None:
        yield
        return
    from common.tracing.telemetry import Telemetry  # noqa: PLC0415 - the SDK costs time and memory

    _Process.telemetry = Telemetry(service, endpoint)
    try:
        yield
    finally:
        _Process.telemetry.end()
        _Process.telemetry = None


def traceparent() -> str:
    """Return the trace context (W3C) of the work in hand; empty outside any trace."""
    return _Process.telemetry.traceparent() if _Process.telemetry else ""


def watch(engine: Engine) -> None:
    """Make a span of every statement of this engine; it holds no parameter."""
    if _Process.telemetry:
        _Process.telemetry.watch(engine)


def publishing(message: "Message") -> "AbstractContextManager[object]":
    """Make a span of the block, which publishes the message."""
    return _Process.telemetry.publishing(message) if _Process.telemetry else nullcontext()


def handling(message: "Message") -> "AbstractContextManager[object]":
    """Make a span of the block, which handles the message: it goes on the trace that the message carries."""
    return _Process.telemetry.handling(message) if _Process.telemetry else nullcontext()


def add_trace(_logger: "WrappedLogger", _method: str, line: "EventDict") -> "EventDict":
    """Add the ids of the trace and the span in hand to a log line, where there are some."""
    if _Process.telemetry:
        line.update(_Process.telemetry.ids())
    return line
