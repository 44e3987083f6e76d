"""JSON text with exact numbers: a Decimal is written digit for digit, never through a float."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from json import dumps

Answer = Mapping[str, object]


class Raw(str):
    """JSON text that is written as it stands."""

    __slots__ = ()


def number(value: Decimal) -> str:
    """Return the shortest JSON number that has exactly this value."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def array(texts: Iterable[Raw]) -> Raw:
    """Return a JSON array of JSON texts, joined at once: a page holds hundreds."""
    return Raw(f"[{','.join(texts)}]")


def encode(value: object) -> str:
    """Return compact JSON text of plain data, decimals and raw text."""
    match value:
        case Raw():
            return value
        case Decimal():
            return number(value)
        case Mapping():
            return "{" + ",".join(f"{dumps(key)}:{encode(item)}" for key, item in value.items()) + "}"
        case str() | int() | float() | None:
            return dumps(value)
        case Sequence():
            return "[" + ",".join(map(encode, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form here")
