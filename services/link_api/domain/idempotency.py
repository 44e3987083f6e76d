"""What makes two requests the same, and answers to be given again (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

LONGEST_KEY = 255
KEPT_HEADERS = ("content-type", "etag", "location", "retry-after")
FAULTS = 500
"""From this status on an answer is a failure of ours: it is not kept, and asking again runs anew."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that its client may send again."""

    user_id: int
    key: str
    operation: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the headers are those that belong to it rather than to the moment."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def final(self) -> bool:
        """Whether asking again could bring no other; one that says when to ask again could."""
        return self.status < FAULTS and "retry-after" not in self.headers

    def dump(self) -> str:
        """Return the answer as text."""
        return json.dumps([self.status, self.headers, b64encode(self.body).decode()])

    @classmethod
    def load(cls, text: str) -> "Answer":
        """Return the answer that `dump` wrote."""
        status, headers, body = json.loads(text)
        return cls(status, headers, b64decode(body))


def is_key(text: str) -> bool:
    """Return whether this is a key: 1 to 255 printable ASCII characters."""
    return 0 < len(text) <= LONGEST_KEY and text.isascii() and text.isprintable()


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> bytes:
    """Return what two requests share only if they are the same, to the byte."""
    parts = (method.encode(), path.encode(), query, body)
    return hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest()
