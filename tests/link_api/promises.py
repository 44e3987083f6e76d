"""What the description promises, as other tests hold an answer against it."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from jsonschema import Draft202012Validator

from link_api.document import document
from link_api.main import described

Json = dict[str, Any]
HOWTO = "name it at the route: responses=refusals(...), see link_api/refusals.py"


@cache
def promised() -> Json:
    """Return the description."""
    return document()


def resolved(shape: Json) -> Json:
    """Return what a reference means, or the shape itself."""
    while "$ref" in shape:
        _, kind, name = shape["$ref"].removeprefix("#/").split("/")
        shape = promised()["components"][kind][name]
    return shape


def operations() -> Iterator[tuple[str, Json]]:
    """Yield each operation with its name, such as "GET /api/expenses"."""
    for path, methods in promised()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(described: Json) -> Iterator[tuple[str, Json]]:
    """Yield the media types of a body or an answer."""
    yield from resolved(described).get("content", {}).items()


def shown(content: Json) -> list[Any]:
    """Return the examples of a media type."""
    return [example["value"] for example in content.get("examples", {}).values()] or (
        [content["example"]] if "example" in content else []
    )


def misfit(value: Any, schema: Json) -> str | None:
    """Return what does not fit, formats included; None where all does."""
    whole = schema | {"components": promised()["components"]}
    errors = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(value)
    return "; ".join(f"{error.json_path}: {error.message[:200]}" for error in errors) or None


@cache
def _routes() -> list[RouteContext]:
    contexts = iter_route_contexts(described().routes)
    return [one for one in contexts if isinstance(one.original_route, APIRoute) and one.include_in_schema]


def operation_of(method: str, path: str) -> tuple[str, Json] | None:
    """Return the operation that serves this address."""
    for route in _routes():
        if method in (route.methods or ()) and route.path_regex.match(path):
            return f"{method} {route.path_format}", promised()["paths"][route.path_format][method.lower()]
    return None


def broken(method: str, url: str, status: int, media_type: str, body: bytes) -> str | None:
    """Return in what an answer is not as its operation promises; None where it is, or where nothing was promised."""
    found = operation_of(method, urlsplit(url).path)
    if found is None:
        return None
    name, operation = found
    if str(status) not in operation["responses"]:
        return f"{name} answered {status}, which it does not document ({HOWTO}): {body[:300]!r}"
    answer = resolved(operation["responses"][str(status)])
    kinds = answer.get("content", {})
    if not kinds:
        return f"{name} answered {status} with a body, which it does not document" if body else None
    if (kind := media_type.partition(";")[0]) not in kinds:
        return f"{name} answered {status} as {kind}, which it does not document"
    if not kind.endswith("json"):
        return None
    return _undocumented(f"{name} answered {status}", json.loads(body), kinds[kind])


def _undocumented(said: str, value: Any, content: Json) -> str | None:
    if (wrong := misfit(value, content["schema"])) is not None:
        return f"{said} that does not fit its schema: {wrong}"
    if content["schema"].get("$ref", "").endswith("/Problem"):
        codes = {example["code"] for example in shown(content)}
        if value["code"] not in codes and "plaid" not in value:  # Plaid has more codes than can be shown
            return f"{said} {value['code']}, which it does not document ({HOWTO})"
        if unknown := set(value) - set(resolved(content["schema"])["properties"]):
            return f"{said} with {unknown}, which schemas.problems.Problem does not name"
    return None
