"""Access tokens exist sealed at rest, and open only in the call that uses them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from prometheus_client import Counter
from pydantic import SecretStr

REFUSED = Counter("tokens_unsealable_total", "Sealed tokens that none of the keys opened")

UNSEALABLE = "no key in PLAID_ENCRYPTION_KEY opens this token; put the old key back"


class Unsealable(Exception):
    """None of the keys opens this token: a key was removed from PLAID_ENCRYPTION_KEY too early."""


@dataclass(frozen=True, slots=True)
class SealedToken:
    """A token as the database keeps it; its repr shows nothing."""

    ciphertext: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seal:
    """Which key sealed a token, 0 being the newest, and when it was sealed first."""

    key: int
    at: datetime


class Vault:
    """Seals with the newest key and opens with any of them (cryptography's MultiFernet)."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [Fernet(key.get_secret_value()) for key in keys]
        self._fernet = MultiFernet(self._keys)

    def seal(self, token: SecretStr) -> SealedToken:
        """Return the token sealed with the newest key."""
        return SealedToken(self._fernet.encrypt(token.get_secret_value().encode()).decode())

    def open(self, sealed: SealedToken) -> SecretStr:
        """Return the token, or raise Unsealable."""
        try:
            return SecretStr(self._fernet.decrypt(sealed.ciphertext.encode()).decode())
        except InvalidToken:
            raise _refused() from None

    def seal_of(self, sealed: SealedToken) -> Seal:
        """Return whose seal it is, without opening it, or raise Unsealable."""
        for position, key in enumerate(self._keys):
            with suppress(InvalidToken):
                return Seal(position, datetime.fromtimestamp(key.extract_timestamp(sealed.ciphertext.encode()), UTC))
        raise _refused()

    def reseal(self, sealed: SealedToken) -> SealedToken:
        """Return the same token sealed with the newest key, as of when it was sealed first, or raise Unsealable."""
        try:
            return SealedToken(self._fernet.rotate(sealed.ciphertext.encode()).decode())
        except InvalidToken:
            raise _refused() from None


def _refused() -> Unsealable:
    REFUSED.inc()
    return Unsealable(UNSEALABLE)
