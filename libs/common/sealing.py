"""Access tokens exist sealed at rest, and open only in the call that uses them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class Unsealable(Exception):
    """None of the keys opens this token: a key was removed from PLAID_ENCRYPTION_KEY too early."""


@dataclass(frozen=True, slots=True)
class SealedToken:
    """A token as the database keeps it; its repr shows nothing."""

    ciphertext: str = field(repr=False)


class Vault:
    """Seals with the newest key and opens with any of them (cryptography's MultiFernet)."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._fernet = MultiFernet([Fernet(key.get_secret_value()) for key in keys])

    def seal(self, token: SecretStr) -> SealedToken:
        """Return the token sealed with the newest key."""
        return SealedToken(self._fernet.encrypt(token.get_secret_value().encode()).decode())

    def open(self, sealed: SealedToken) -> SecretStr:
        """Return the token, or raise Unsealable."""
        try:
            return SecretStr(self._fernet.decrypt(sealed.ciphertext.encode()).decode())
        except InvalidToken:
            raise Unsealable("no key in PLAID_ENCRYPTION_KEY opens this token; put the old key back") from None
