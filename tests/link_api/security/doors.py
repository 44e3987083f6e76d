"""Every door of the app, found in the app itself, so that a new one is tried as well."""

import re
from types import SimpleNamespace
from typing import cast

from fastapi.routing import iter_route_contexts

from link_api.main import create_app
from link_api.parts import Parts

OPEN = {
    "/", "/oauth-return", "/page", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/healthz", "/readyz", "/metrics",
}  # fmt: skip
"""What needs no token: the page and the description, which belong to nobody, and the probes."""
Door = tuple[str, str]


def doors() -> list[Door]:
    """Return method and path of everything that the app serves."""
    parts = cast("Parts", SimpleNamespace(database=SimpleNamespace(ping=None)))
    routes = iter_route_contexts(create_app(parts).routes)
    return [(method, route.path or "") for route in routes for method in sorted(route.methods or {"GET"})]


def closed() -> list[Door]:
    """Return those that want a token."""
    return [(method, path) for method, path in doors() if path not in OPEN]


def with_ids(path: str, id_: object) -> str:
    """Return the path with this id in each place for one."""
    return re.sub(r"\{\w+\}", str(id_), path)
