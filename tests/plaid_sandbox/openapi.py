"""Plaid's published schemas, where they are at hand: in the file PLAID_OPENAPI, else in the folder beside us."""

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

BESIDE = Path(__file__).parents[3] / "shared" / "plaid" / "openapi_subset.json"
# Plaid's enums are open, and the stand-in sends values of newer versions and of none to prove that clients cope.
BEYOND_ENUMS = {"late fee", "tap to pay", "contactless", "robot_shop"}

_formats = jsonschema.FormatChecker(formats=())
_formats.checks("date", raises=ValueError)(lambda value: value is None or bool(date.fromisoformat(value)))
_formats.checks("date-time", raises=ValueError)(lambda value: value is None or bool(datetime.fromisoformat(value)))


@cache
def schemas() -> dict[str, Any]:
    """Return Plaid's schemas as JSON Schema, or skip the test where nobody has them."""
    file = Path(os.environ.get("PLAID_OPENAPI", BESIDE))
    if not file.exists():
        pytest.skip("needs Plaid's OpenAPI schemas (openapi_subset.json): set PLAID_OPENAPI to the file")
    spec: dict[str, Any] = json.loads(file.read_text())
    return {"components": _nullable(spec["components"]), "endpoints": spec["endpoints"], "webhooks": spec["webhooks"]}


def faults(schema_name: str, value: Any) -> Iterator[str]:
    """Yield where this value differs from Plaid's schema of this name."""
    known = schemas()
    schema = {"$ref": f"#/components/schemas/{schema_name}", "components": known["components"]}
    checker = jsonschema.Draft4Validator(schema, format_checker=_formats)
    for error in checker.iter_errors(value):
        if error.validator != "enum" or error.instance not in BEYOND_ENUMS:
            yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def _nullable(schema: Any) -> Any:
    """Return OpenAPI 3.0's `nullable` said in JSON Schema's way."""
    if isinstance(schema, list):
        return [_nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _nullable(part) for key, part in schema.items() if key != "nullable"}
    if schema.get("nullable") is not True or "type" not in plain:
        return plain
    values = {"enum": [*plain["enum"], None]} if "enum" in plain else {}
    return plain | {"type": [plain["type"], "null"]} | values
