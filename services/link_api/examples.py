"""Examples of what goes in and out, as the models carry them: `json_schema_extra`, or each field its own."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

Json = dict[str, Any]
NULL = {"type": "null"}


class NoExample(Exception):
    """A model shows no example, and cannot be put together of its fields'."""


def schemas(kind: Any, mode: JsonSchemaMode) -> Json:
    """Return the schemas of a type by name. FastAPI's own have lost every null, those of the examples too."""
    found: Json = _schema(kind, mode).get("$defs", {})
    return found


def examples(kind: Any, mode: JsonSchemaMode) -> list[Any]:
    """Return whole examples of a type: its own, or one of its parts'; raise NoExample where one has none."""
    schema = _schema(kind, mode)
    return [example for one in schema["anyOf"] if one != NULL for example in _of(one, schema)]


def _schema(kind: Any, mode: JsonSchemaMode) -> Json:
    """Return the schema of the type or null: so each model has a name, the outermost too."""
    return TypeAdapter(kind | None).json_schema(mode=mode)


def _of(schema: Json, whole: Json) -> list[Any]:
    if "$ref" in schema:
        return _of(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "examples" in schema:
        return list(schema["examples"])
    for constant in ("const", "default"):
        if constant in schema:
            return [schema[constant]]
    if "items" in schema:
        return [_of(schema["items"], whole)]
    if "properties" in schema:
        return [{name: _of(one, whole)[0] for name, one in schema["properties"].items()}]
    raise NoExample(schema.get("title"))
