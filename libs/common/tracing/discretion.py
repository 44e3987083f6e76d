"""What keeps spans from telling too much: an error's text, what users searched for, and our trace to strangers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.trace import Span as AnySpan
from opentelemetry.trace import StatusCode, Tracer
from sqlalchemy.engine.interfaces import ExceptionContext
from structlog import contextvars

HIDDEN = ("url.query", "exception.message")
"""What users searched for, or what a row held."""
CORRELATION = "cora.correlation_id"
QUIET = {"record_exception": False, "set_status_on_exception": False}


class Border(TextMapPropagator):
    """Over HTTP no trace comes in and none goes out: whoever calls us is a stranger, and whom we call is Plaid."""

    def extract(
        self,
        carrier: CarrierT,  # noqa: ARG002 - the API's
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,  # noqa: ARG002 - the API's
    ) -> Context:
        """Return the context without anything that a caller sent."""
        return Context() if context is None else context

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Send nothing."""

    @property
    def fields(self) -> set[str]:
        """The headers that it sets: none."""
        return set()


class Discreet(Tracer):
    """A tracer whose spans tell of an error nothing but that it was; its text may be a row's, or an address's."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, *args: Any, **options: Any) -> AnySpan:
        """Start a span."""
        return self._tracer.start_span(*args, **options | QUIET)

    @contextmanager
    def start_as_current_span(self, *args: Any, **options: Any) -> Iterator[AnySpan]:  # type: ignore[override]
        """Make a span of the block."""
        with self._tracer.start_as_current_span(*args, **options | QUIET) as span:
            try:
                yield span
            except BaseException:
                span.set_status(StatusCode.ERROR)
                raise


class DiscreetProvider(TracerProvider):
    """Gives discreet tracers to everybody, so also to the libraries' instrumentations."""

    def get_tracer(self, *args: Any, **options: Any) -> Tracer:
        """Return a tracer."""
        return Discreet(super().get_tracer(*args, **options))


class Marking(SpanProcessor):
    """Every span tells the correlation id of its work, and none what is private."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's
        """Mark a span that begins."""
        if correlation_id := contextvars.get_contextvars().get("correlation_id"):
            span.set_attribute(CORRELATION, str(correlation_id))
        for name in HIDDEN:
            if (span.attributes or {}).get(name):
                span.set_attribute(name, "hidden")


def end_failed(context: ExceptionContext) -> None:
    """End the span of a statement that failed; the error's text may hold a parameter."""
    span = getattr(context.execution_context, "_otel_span", None)
    if span is not None:
        span.set_status(StatusCode.ERROR)
        span.end()
        vars(context.execution_context)["_otel_span"] = None
