"""How a secret is found again without being kept."""

from hashlib import sha256

from pydantic import SecretStr


def digest(secret: SecretStr) -> bytes:
    """Return the SHA-256 of a secret that nobody can guess."""
    return sha256(secret.get_secret_value().encode("utf-8", "surrogatepass")).digest()
