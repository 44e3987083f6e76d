import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from common.events import EVENTS
from link_api.document import document
from link_api.routes.events import MESSAGES
from tests.link_api.promises import contents, misfit, operations, promised, resolved, shown

OPERATIONS = dict(operations())
DOCUMENT = Path("docs/link-api.json")


def missing(described: dict[str, Any], what: str) -> list[str]:
    """Return what has no example, or one that does not fit its schema, with what to do."""
    found = []
    for media_type, content in contents(described):
        values = shown(content)
        if not values:
            found.append(
                f"{what} ({media_type}) has no example: give its model one, as link_api/schemas/expenses.py does"
            )
        wrong = filter(None, (misfit(value, content["schema"]) for value in values))
        found += [f"{what}: the example does not fit its schema: {why}" for why in wrong]
    return found


def test_the_committed_document_is_current() -> None:
    """docs/link-api.json is what `make docs` writes today."""
    assert json.loads(DOCUMENT.read_text()) == document()


def test_it_is_the_same_every_time() -> None:
    """The document says the same, in the same order, however often it is made."""
    assert json.dumps(document()) == json.dumps(document())


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_examples_that_fit(name: str) -> None:
    """Each body, success and error of an operation has examples, and each fits its schema."""
    operation = OPERATIONS[name]
    found = missing(operation.get("requestBody", {}), f"{name}: its body")
    for status, answer in operation["responses"].items():
        assert status != "default"
        found += missing(answer, f"{name}: its answer {status}")
        if status != "204" and not resolved(answer).get("content"):
            found.append(f"{name}: its answer {status} has no content")
    assert found == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_tells_enough(name: str) -> None:
    """Each operation says what it does, who may, what each parameter means, and shows every general error."""
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert operation["security"]
    assert {"401", "500", "503"} <= set(operation["responses"])
    undescribed = [one["name"] for one in operation.get("parameters", []) if not one.get("description")]
    assert undescribed == [], f"{name}: these parameters have no description"
    if name.startswith("POST"):
        assert {"400", "408", "409", "413", "422"} <= set(operation["responses"])


def test_errors_say_their_own_status() -> None:
    """The problem shown under a status has that status, and its name is its code."""
    for name, operation in OPERATIONS.items():
        for status, answer in operation["responses"].items():
            for media_type, content in contents(answer):
                if status >= "4":
                    assert media_type == "application/problem+json"
                    for code, example in content["examples"].items():
                        assert str(example["value"]["status"]) == status, name
                        assert code.startswith(example["value"]["code"]), name


def test_names_are_good_for_a_generated_client() -> None:
    """Each operation has an id of its own that makes a good function's name; every tag is explained."""
    ids = Counter(operation["operationId"] for operation in OPERATIONS.values())
    assert [name for name, number in ids.items() if number > 1] == []
    assert [name for name in ids if "_" not in name or name.startswith("api")] == []
    tags = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert {tag["name"] for tag in promised()["tags"] if tag["description"]} == tags


def test_every_shape_shows_fitting_examples() -> None:
    """Where a shape has an example it fits, nulls included."""
    shapes = promised()["components"]["schemas"]
    wrong = {name: misfit(example, shape) for name, shape in shapes.items() for example in shape.get("examples", [])}
    assert {name: why for name, why in wrong.items() if why} == {}
    assert "null" in json.dumps(shapes["Expense"]["examples"])


def test_the_streams_messages_are_events() -> None:
    """What the description shows of the stream is what the events are; the guide names each of them."""
    guide = promised()["info"]["description"]
    for name, message in MESSAGES.items():
        lines = dict(line.split(": ", 1) for line in message.splitlines() if line)
        if name in EVENTS:
            EVENTS[name].model_validate_json(lines["data"])
            assert lines["event"] == name
        assert f"`{name}`" in guide or name == "heartbeat"


@pytest.mark.parametrize(
    "word",
    ["Authorization: Bearer", "next_cursor", "problem+json", "Idempotency-Key", "RateLimit", "ETag", "If-Match",
     "Last-Event-ID", "reset", "X-Correlation-ID", "Retry-After", "AUTH_JWKS_URL"],
)  # fmt: skip
def test_the_guide_tells_what_holds_everywhere(word: str) -> None:
    """How to sign in, page, repeat, edit, listen and wait stands before the operations."""
    assert word in promised()["info"]["description"]
