"""An OpenTelemetry collector that keeps what it is sent (OTLP over HTTP, protobuf)."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Span:
    """A span as it arrived; ids in hex, `parent` empty at the root of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    status: str
    failed: bool
    about: dict[str, str]
    """The process that it is of (the resource's attributes)."""


@dataclass
class Collector:
    """Where services send their spans; `endpoint` is its address."""

    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Keep what a service sent."""
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        service=about["service.name"],
                        name=span.name,
                        trace=span.trace_id.hex(),
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        attributes={one.key: one.value.string_value for one in span.attributes},
                        status=span.status.message,
                        failed=span.status.code == Status.STATUS_CODE_ERROR,
                        about=about,
                    )
                    for span in scope.spans
                ]

    def trace(self, trace: str) -> list[Span]:
        """Return the spans of a trace."""
        return [span for span in self.spans if span.trace == trace]

    def above(self, span: Span) -> Iterator[Span]:
        """Yield the span that this one is part of, the one above that, up to the root."""
        by_id = {one.id: one for one in self.trace(span.trace)}
        while found := by_id.get(span.parent):
            yield found
            span = found


@contextmanager
def collector() -> Iterator[Collector]:
    """Yield a collector that listens on a free port until the block ends."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()
