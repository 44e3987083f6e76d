"""The cursor of /transactions/sync: opaque to clients, and a place in the bank's log to us."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, replace
from hashlib import blake2b

from plaid_sandbox.errors import PlaidError

_CHECK = 8
_LONGEST_KEY = 64
AS_LOGGED = "log"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A reader's place. A finished loop stands at `start == position == snapshot`.

    `since`: changes up to this version are unknown to the reader (0, or where cursor "now" was asked for).
    `start`: where the loop began; `position`: how far it got; `snapshot`: the version it reads up to. `order`: in
    which order the loop tells its updates; a position is a version in the log, in any other order a number of updates.
    """

    since: int = 0
    start: int = 0
    position: int = 0
    snapshot: int = 0
    order: str = AS_LOGGED

    @property
    def finished(self) -> bool:
        """Whether the loop was read to its end, so that the next call begins a new one."""
        return self.position == self.snapshot

    def begin(self, version: int, order: str) -> "Cursor":
        """Return the first place of a new loop that reads up to this version."""
        return Cursor(self.since, self.start, self.start if order == AS_LOGGED else 0, version, order)

    def at(self, position: int) -> "Cursor":
        """Return a later place of the same loop."""
        return replace(self, position=position)

    def finish(self) -> "Cursor":
        """Return the cursor that a completed loop hands out."""
        return Cursor(self.since, self.snapshot, self.snapshot, self.snapshot)

    def encode(self, stream: str) -> str:
        """Return base64 text of less than 256 characters, good for this stream only."""
        order = "" if self.order == AS_LOGGED else f".{self.order}"
        words = f"{self.since}.{self.start}.{self.position}.{self.snapshot}{order}".encode()
        return b64encode(_check(words, stream) + words).decode()


def decode(text: str, stream: str) -> Cursor:
    """Return the place that `encode` wrote for this stream, or raise INVALID_FIELD."""
    try:
        raw = b64decode(text, validate=True)
        words = raw[_CHECK:]
        if raw[:_CHECK] != _check(words, stream):
            raise PlaidError("INVALID_FIELD", "cursor not associated with access_token")
        since, start, position, snapshot, *order = words.decode().split(".")
        return Cursor(int(since), int(start), int(position), int(snapshot), *order)
    except (NotBase64, ValueError):
        raise PlaidError("INVALID_FIELD", "cursor is not a valid cursor") from None


def _check(words: bytes, stream: str) -> bytes:
    key = stream.encode()
    return blake2b(words, digest_size=_CHECK, key=key if len(key) <= _LONGEST_KEY else blake2b(key).digest()).digest()
