"""Identifiers shaped like Plaid's: opaque, case sensitive, and the same again for the same seed."""

from base64 import b64encode
from collections import defaultdict
from hashlib import blake2b
from uuid import UUID

_ALNUM = bytes.maketrans(b"+/", b"xQ")


class Mint:
    """Makes every identifier of one stand-in."""

    def __init__(self, seed: str) -> None:
        self._key = seed.encode()[:64]
        self._counts: defaultdict[str, int] = defaultdict(int)
        self.starts = 0

    def identifier(self, *words: object) -> str:
        """Return 36 letters and digits that belong to these words alone."""
        return b64encode(self._digest(words, 27)).translate(_ALNUM).decode()

    def uuid(self, *words: object) -> str:
        """Return a UUID that belongs to these words alone."""
        return str(UUID(bytes=self._digest(words, 16), version=4))

    def token(self, kind: str, *words: object) -> str:
        """Return a token in Plaid's form, `<kind>-sandbox-<uuid>`."""
        return f"{kind}-sandbox-{self.uuid(kind, *words)}"

    def next(self, what: str) -> str:
        """Return words for the next one of these: the same in every run of a seed, others after a restored start."""
        self._counts[what] += 1
        return f"{what} {self.starts}.{self._counts[what]}"

    def request_id(self) -> str:
        """Return the next request's id, 15 letters and digits."""
        return self.identifier(self.next("request"))[:15]

    def _digest(self, words: tuple[object, ...], size: int) -> bytes:
        return blake2b("\x1f".join(map(str, words)).encode(), digest_size=size, key=self._key).digest()
