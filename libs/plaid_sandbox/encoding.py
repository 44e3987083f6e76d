"""JSON text with exact numbers: a Decimal is written digit for digit, never through a float."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from json import dumps

Answer = Mapping[str, object]


class Raw(str):
    """JSON text that is written as it stands."""

    __slots__ = ()


class Ready(tuple[bytes, ...]):
    """An array of JSON texts that are ready to be sent: a page holds hundreds, and each is copied once."""

    __slots__ = ()


def number(value: Decimal) -> str:
    """Return the shortest JSON number that has exactly this value."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")  # twice as long, which a page of hundreds feels
    return text.rstrip("0").rstrip(".") if "." in text else text


def encode(value: object) -> str:
    """Return compact JSON text of plain data, decimals and raw text."""
    match value:
        case Raw():
            return value
        case Ready():
            return b"".join(_pieces(value)).decode()
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


def encode_body(answer: Answer) -> bytes:
    """Return the bytes of `encode`, with all that is ready joined at once."""
    pieces = [b"{"]
    for key, value in answer.items():
        pieces.append(f"{dumps(key)}:".encode())
        pieces.extend(_pieces(value) if isinstance(value, Ready) else (encode(value).encode(),))
        pieces.append(b",")
    if answer:
        pieces.pop()
    return b"".join((*pieces, b"}"))


def _pieces(texts: Ready) -> list[bytes]:
    between = [b","] * (2 * len(texts) - 1)
    between[::2] = texts
    return [b"[", *between, b"]"]
