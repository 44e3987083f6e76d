"""Opaque positions in a list that runs from the newest day to the oldest, then by id."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date

LARGEST_ID = 2**63 - 1


class BadCursor(ValueError):
    """No cursor of ours reads like this."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that a page showed."""

    day: date
    id: int

    def encode(self) -> str:
        """Return the cursor as a client passes it on."""
        return urlsafe_b64encode(f"{self.day.isoformat()}:{self.id}".encode()).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """Return the cursor that `encode` wrote, or raise BadCursor."""
    try:
        day, _, number = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(":")
        cursor = Cursor(date.fromisoformat(day), int(number))
    except (ValueError, binascii.Error):
        raise BadCursor(text) from None
    if not 0 < cursor.id <= LARGEST_ID or cursor.encode() != text:
        raise BadCursor(text)
    return cursor
