"""Structured logs: static event names, ids as fields, one correlation id from webhook to expense."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from uuid import uuid4

import structlog
from structlog import contextvars
from structlog.typing import Processor

from common.tracing import add_trace

SHARED: list[Processor] = [
    contextvars.merge_contextvars,
    add_trace,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class Lines:
    """Writes finished lines to stderr; where that fails (a full disk, a reader that went) the work goes on."""

    def msg(self, line: str) -> None:
        """Write one."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = msg


def configure(log_format: Literal["json", "console"], log_level: str) -> None:
    """Send our own and the libraries' log lines to stderr in one format; ours go there without a detour."""
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [
            # The default prints a traceback's local variables where rich is installed, and tokens are such.
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*SHARED, *last],
        logger_factory=lambda *_: Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[log_level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(log_level)
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # tracebacks of outages that our broker tells in a line
    for talkative in ("aio_pika", "urllib3", "uvicorn.access", "httpx2", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def correlation_id() -> str:
    """Return the correlation id of the work in hand; outside any, a new one."""
    return str(contextvars.get_contextvars().get("correlation_id") or uuid4())


@contextmanager
def correlated(correlation_id: str, **fields: str | int) -> Iterator[None]:
    """Bind the correlation id and fields to every log line and emitted event of this work."""
    with contextvars.bound_contextvars(correlation_id=correlation_id, **fields):
        yield
