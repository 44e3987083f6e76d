"""Opaque positions in a list: what the last row of a page was ordered by."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from link_api.domain import identifiers


class BadCursor(ValueError):
    """No cursor of ours reads like this."""


class OtherList(BadCursor):
    """A cursor of ours, of a list with other filters."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that a page showed, in a list from the newest day to the oldest, then by id; `of` which filters."""

    day: date
    id: int
    of: str = ""

    def encode(self) -> str:
        """Return the cursor as a client passes it on."""
        return _encode(":".join([self.day.isoformat(), str(self.id), *([self.of] if self.of else [])]))


@dataclass(frozen=True, slots=True)
class IdCursor:
    """The last row that a page showed, in a list from the highest id to the lowest."""

    id: int

    def encode(self) -> str:
        """Return the cursor as a client passes it on."""
        return _encode(str(self.id))


def decode(text: str, of: str = "") -> Cursor:
    """Return the cursor that `Cursor.encode` wrote; raise BadCursor, OtherList when its filters were not `of`."""
    day, _, rest = _decode(text).partition(":")
    number, _, written_of = rest.partition(":")
    try:
        cursor = Cursor(date.fromisoformat(day), _read_id(number), written_of)
    except ValueError:
        raise BadCursor(text) from None
    _check(cursor, text)
    if cursor.of != of:
        raise OtherList(text)
    return cursor


def decode_id(text: str) -> IdCursor:
    """Return the cursor that `IdCursor.encode` wrote, or raise BadCursor."""
    return _check(IdCursor(_read_id(_decode(text))), text)


CursorT = TypeVar("CursorT", Cursor, IdCursor)


def _check(cursor: CursorT, text: str) -> CursorT:
    if cursor.encode() != text:
        raise BadCursor(text)
    return cursor


def _read_id(text: str) -> int:
    number = identifiers.read(text, identifiers.LARGEST_BIG)
    if number is None:
        raise BadCursor(text)
    return number


def _encode(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        raise BadCursor(text) from None
