"""Lets pages of other origins call, where the deployment names them (the Fetch standard's CORS protocol)."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SENT = ("Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Correlation-ID")
READ = (
    "Content-Disposition", "ETag", "Idempotency-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After",
    "X-Correlation-ID",
)  # fmt: skip
"""What a script may read of an answer, besides what every script may."""
REMEMBERED = 7200
"""Seconds for which a browser need not ask again; the longest that one keeps."""


def allowing(origins: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Return the app as pages of these origins may call it; as it is where there are none.

    Credentials of the browser's own, cookies above all, stay out: nothing here looks at them.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=METHODS,
        allow_headers=SENT,
        expose_headers=READ,
        allow_credentials=False,
        max_age=REMEMBERED,
    )
