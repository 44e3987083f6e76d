"""One answer of /transactions/sync, its rows as Plaid wrote them: whoever knows what a row must be reads them."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

ESCAPE = re.compile(rb"\\(u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD][89a-fA-F]..|.)", re.DOTALL)
"""A whole escape of a JSON text, or half a character that is alone: a backslash before u may itself be escaped."""
HALF = len(rb"\ud800")


class Updates(Struct, frozen=True, kw_only=True, gc=False):
    """A page of updates (plaid.com/docs/api/products/transactions/#transactionssync); each row is a JSON text."""

    added: list[Raw]
    modified: list[Raw]
    removed: list[Raw]
    accounts: list[Raw] | None = None
    next_cursor: str | None
    has_more: bool
    transactions_update_status: str | None = None

    @property
    def transactions(self) -> Sequence[Raw]:
        """Return what is new and what has changed."""
        return [*self.added, *self.modified]


def read(body: bytes) -> Updates:
    """Return the page that a JSON text holds. Raises ValueError or RecursionError when it is none."""
    try:
        return UPDATES.decode(body)
    except msgspec.DecodeError:  # a name may have been cut in the middle of a character
        return UPDATES.decode(with_whole_characters(body))


def with_whole_characters(text: bytes) -> bytes:
    """Return a JSON text without halves of surrogate pairs (RFC 8259, 8.2): U+FFFD shows that something stood there."""
    return ESCAPE.sub(lambda found: rb"\ufffd" if len(found[0]) == HALF else found[0], text)


UPDATES = msgspec.json.Decoder(Updates)
