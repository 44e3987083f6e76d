"""OpenTelemetry's SDK, set up for one process: imported only where traces are wanted."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import PackageNotFoundError, version
from threading import Thread
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import ExceptionContext
from structlog import contextvars

from common.broker import Message

PATH = "/v1/traces"
"""Of the collector (OTLP 1.0, "OTLP/HTTP Request")."""
EXPORT_WITHIN = 5.0
"""Seconds for one batch; spans that nobody takes are dropped, never the work."""
FAREWELL = 3.0
"""Seconds for the last batch of a process that stops."""
W3C = TraceContextTextMapPropagator()
HIDDEN = ("url.query", "exception.message")
"""What users searched for, or what a row held."""
CORRELATION = "cora.correlation_id"


class Marking(SpanProcessor):
    """Every span tells the correlation id of its work, and none what is private."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's
        """Mark a span that begins."""
        if correlation_id := contextvars.get_contextvars().get("correlation_id"):
            span.set_attribute(CORRELATION, str(correlation_id))
        for name in HIDDEN:
            if (span.attributes or {}).get(name):
                span.set_attribute(name, "hidden")


class Telemetry:
    """What this process traces with."""

    def __init__(self, service: str, endpoint: str) -> None:
        about = {"service.name": service, "service.version": _version(), "service.instance.id": str(uuid4())}
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self._provider.add_span_processor(Marking())
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH, timeout=EXPORT_WITHIN)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(self._provider)  # FastAPI looks for it there
        URLLib3Instrumentor().instrument(tracer_provider=self._provider)
        self._tracer = self._provider.get_tracer("common")

    def end(self) -> None:
        """Send what is left; a collector that is silent holds up nobody for longer than a moment."""
        URLLib3Instrumentor().uninstrument()
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(FAREWELL)

    def watch(self, engine: Engine) -> None:
        """Make a span of every statement of this engine."""
        event.listen(engine, "handle_error", _fail)  # before the library's, which would tell the error's text
        # It declares an older SQLAlchemy than ours, whose events are the same; a test holds it to what we need.
        SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=self._provider, skip_dep_check=True)

    def traceparent(self) -> str:
        """Return the trace context of the span in hand."""
        carrier: dict[str, str] = {}
        W3C.inject(carrier)
        return carrier.get("traceparent", "")

    def ids(self) -> Mapping[str, str]:
        """Return the ids of the span in hand, as a log line has them."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def publishing(self, message: Message) -> AbstractContextManager[object]:
        """Make a span of the block, part of the trace that the message carries."""
        return self._span("publish", SpanKind.PRODUCER, message)

    def handling(self, message: Message) -> AbstractContextManager[object]:
        """Make a span of the block, part of the trace that the message carries."""
        return self._span("process", SpanKind.CONSUMER, message)

    @contextmanager
    def _span(self, operation: str, kind: SpanKind, message: Message) -> Iterator[None]:
        """Make a span named as the conventions for messaging want it; of an error it tells nothing but that it was.

        OpenTelemetry, semantic conventions 1.44, "Messaging spans". An error's text may be a row's; the log is careful.
        """
        with self._tracer.start_as_current_span(
            f"{operation} {message.type}",
            context=W3C.extract({"traceparent": message.traceparent}, context=Context()),
            kind=kind,
            attributes={
                "messaging.system": "rabbitmq",
                "messaging.operation.type": operation,
                "messaging.message.id": str(message.id),
                "messaging.message.conversation_id": message.correlation_id,
                "cora.attempt": message.attempt,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException:
                span.set_status(StatusCode.ERROR)
                raise


def _fail(context: ExceptionContext) -> None:
    """End the span of a statement that failed; the error's text may hold a parameter."""
    span = getattr(context.execution_context, "_otel_span", None)
    if span is not None:
        span.set_status(StatusCode.ERROR)
        span.end()
        vars(context.execution_context)["_otel_span"] = None


def _version() -> str:
    try:
        return version("cora-bank-sync")
    except PackageNotFoundError:  # an image holds the source alone
        return "unknown"
