"""A signature in its compact form (RFC 7515 §7.1), by ECDSA on P-256 with SHA-256 and nothing else (RFC 7518 §3.4)."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ES256 = ec.ECDSA(SHA256())
NUMBER = 32
"""Bytes of each of the two numbers that make a signature."""
COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)")


class Malformed(Exception):
    """It is no signature in the compact form."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A signature taken apart; nothing of it is to be believed before `fits`."""

    header: dict[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes

    def fits(self, key: ec.EllipticCurvePublicKey) -> bool:
        """Return whether the key's owner signed exactly this header and payload."""
        if len(self.signature) != 2 * NUMBER:
            return False
        r, s = (int.from_bytes(number) for number in (self.signature[:NUMBER], self.signature[NUMBER:]))
        try:
            key.verify(encode_dss_signature(r, s), self.signed, ES256)
        except InvalidSignature:
            return False
        return True


def read(compact: str) -> Jws:
    """Return what the text holds, or raise Malformed."""
    parts = COMPACT.fullmatch(compact)
    if parts is None:
        raise Malformed
    try:
        header, payload, signature = map(_decoded, parts.groups())
        names = json.loads(header)
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(names, dict):
        raise Malformed
    return Jws(names, payload, compact.rpartition(".")[0].encode(), signature)


def _decoded(part: str) -> bytes:
    raw = urlsafe_b64decode(f"{part}==")
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != part:  # the last letter may hold bits that mean nothing
        raise Malformed
    return raw
