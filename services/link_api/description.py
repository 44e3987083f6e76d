"""The description of the API: what the routes say, and what belongs to many of them, with examples of everything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic.json_schema import models_json_schema

from common.events import ExpensesChanged, RulesChanged, StatusChanged, SyncProgress, UserNotified
from link_api.examples import NoExample, examples, schemas
from link_api.parts import count
from link_api.refusals import Responses, general, joined, refusals
from link_api.schemas.problems import Problem

Json = dict[str, Any]

GUIDE = Path(__file__).with_name("guide.md")
REFS = "#/components/schemas/{model}"
TAGS = {
    "linking": "Open Plaid Link, and make an integration of what it yields.",
    "integrations": "Linked banks: how each is, sync, repair, disconnect.",
    "accounts": "Accounts of linked banks, with balances.",
    "transactions": "The bank's own rows, pending ones too.",
    "expenses": "What was spent: read, decide, recategorise, and why it is what it is.",
    "rules": "What you lay down for every transaction that comes: which category, under which conditions.",
    "reports": "Sums, the spreadsheet, and the tax form.",
    "notifications": "What the user should know about a bank.",
    "feedback": "How users like it.",
    "events": "What changes, live.",
    "operations": "How the whole system does, for those who run it.",
}
UNUSED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own, which we never answer."""
BESIDE = (Problem, ExpensesChanged, RulesChanged, StatusChanged, SyncProgress, UserNotified)
"""Shapes that no route names: of errors, and of what the event stream carries."""
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Of your own making, a UUID for example. Sent again with the same request within 24 hours it "
    "brings the same answer, and nothing is done twice: ask again safely when an answer was lost.",
    "example": "6f2b8c1e-57a0-4a3f-9a0e-0d6f6f0f3a11",
}
STANDING = {
    "RateLimit": {"schema": {"type": "string"}, "description": "What is left", "example": '"user";r=598;t=1'},
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "The quota", "example": '"user";q=600;w=60'},
}


class DescribedApp(FastAPI):
    """A FastAPI whose description a front end can be built by."""

    def __init__(self, **named: Any) -> None:
        description = GUIDE.read_text(encoding="utf-8")
        tags = [{"name": name, "description": says} for name, says in TAGS.items()]
        super().__init__(
            description=description,
            openapi_tags=tags,
            generate_unique_id_function=lambda route: route.name,
            **named,
        )

    def openapi(self) -> Json:
        """Return the description, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            components = document["components"]["schemas"]
            for name in UNUSED:
                components.pop(name, None)
            beside = models_json_schema([(model, "serialization") for model in BESIDE], ref_template=REFS)[1]["$defs"]
            components |= {name: shape for name, shape in beside.items() if name not in components}
            shared = document["components"].setdefault("responses", {})
            for route in _described(self):
                for method in route.methods or ():
                    _complete(document["paths"][route.path_format][method.lower()], route, method, shared)
                _show_again(components, route)
        return super().openapi()


def _described(app: FastAPI) -> Iterator[RouteContext]:
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            yield route


def _complete(operation: Json, route: RouteContext, method: str, shared: Json) -> None:
    """Add examples, what any such operation may answer, and what any such request may say."""
    counted = _counts(route.dependant)
    if method == "POST":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if route.body_field is not None:
        _exemplify(operation["requestBody"], route.body_field.field_info.annotation, "validation")
    answers = operation["responses"]
    answers.pop("422", None)
    for status, answer in answers.items():
        if status.startswith("2"):
            _exemplify(answer, route.response_model, "serialization")
            if counted:
                answer["headers"] = answer.get("headers", {}) | STANDING
    own: Responses = {status: answer for status, answer in route.responses.items() if str(status) >= "4"}
    errors = joined(own, refusals(*general(operation, method, counted=counted)))
    answers |= {str(status): _once(errors[status], shared) for status in sorted(errors)}


def _once(answer: Json, shared: Json) -> Json:
    """Return a reference to the answer, which most operations share; the answer itself where it differs."""
    name = answer["description"].replace(" ", "")
    return {"$ref": f"#/components/responses/{name}"} if shared.setdefault(name, answer) == answer else answer


def _exemplify(described: Json, kind: Any, mode: Any) -> None:
    content = described.get("content", {}).get("application/json")
    if content is None:
        return
    try:
        found = examples(kind, mode)
    except NoExample:
        return  # a test tells which
    numbered = {f"example {number}": {"value": example} for number, example in enumerate(found, start=1)}
    content |= {"examples": numbered} if len(found) > 1 else {"example": found[0]}


def _show_again(components: Json, route: RouteContext) -> None:
    """Give the shapes their examples back, nulls included."""
    body = schemas(route.body_field.field_info.annotation, "validation") if route.body_field else {}
    answer = schemas(route.response_model, "serialization") if route.response_model else {}
    for name, shape in (body | answer).items():
        if "examples" in shape and name in components:
            components[name]["examples"] = shape["examples"]


def _counts(dependant: Dependant) -> bool:
    return dependant.call is count or any(_counts(one) for one in dependant.dependencies)
