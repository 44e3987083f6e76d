"""OpenTelemetry's SDK, set up for one process: imported only where traces are wanted."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from threading import Thread
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event

from common.broker import Message
from common.tracing.discretion import Border, DiscreetProvider, Marking, end_failed

PATH = "/v1/traces"
"""Of the collector (OTLP 1.0, "OTLP/HTTP Request")."""
EXPORT_WITHIN = 5.0
"""Seconds for one batch; spans that nobody takes are dropped, never the work."""
FAREWELL = 3.0
"""Seconds for the last batch of a process that stops."""
W3C = TraceContextTextMapPropagator()
VERSION = "0.1.0"
"""This release's, as in pyproject.toml: an image holds the source alone."""


class Telemetry:
    """What this process traces with."""

    def __init__(self, service: str, endpoint: str) -> None:
        about = {"service.name": service, "service.version": VERSION, "service.instance.id": str(uuid4())}
        told = OTELResourceDetector().detect().attributes  # OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME win
        self._provider = DiscreetProvider(resource=Resource.create({**about, **told}), shutdown_on_exit=False)
        self._provider.add_span_processor(Marking())
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH, timeout=EXPORT_WITHIN)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(self._provider)  # FastAPI looks for it there
        set_global_textmap(Border())
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
        event.listen(engine, "handle_error", end_failed)  # before the library's, which would tell the error's text
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

    def _span(self, operation: str, kind: SpanKind, message: Message) -> AbstractContextManager[object]:
        """Return a span named as OpenTelemetry's semantic conventions 1.44 want it ("Messaging spans")."""
        return self._tracer.start_as_current_span(
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
        )
