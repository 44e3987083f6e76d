"""Signatures in the compact form: read strictly, and held against the examples and the library of others."""

from base64 import urlsafe_b64encode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook_ingest.doubles import Signer
from webhook_ingest import jws

SIGNER = Signer()
KEY = SIGNER.private.public_key()
RFC_7515_A3 = (
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
RFC_7515_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def test_the_example_of_the_rfc() -> None:
    """The signature of RFC 7515 A.3 fits its key, and no other."""
    proof = jws.read(RFC_7515_A3)
    assert proof.header == {"alg": "ES256"}
    assert proof.payload.startswith(b'{"iss":"joe"')
    assert proof.fits(jwt.PyJWK(RFC_7515_KEY).key)
    assert not proof.fits(KEY)


@given(payload=st.binary(max_size=200))
def test_what_others_sign(payload: bytes) -> None:
    """What another library signs is read as it was written, and fits."""
    proof = jws.read(SIGNER.sign_claims(payload))
    assert (proof.payload, proof.header["kid"]) == (payload, SIGNER.kid)
    assert proof.fits(KEY)


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_may_change(at: int, bit: int) -> None:
    """With any bit of header, payload or signature turned over it is malformed, or fits no more."""
    parts = [bytearray(part) for part in _parts(SIGNER.sign(b"{}"))]
    part = parts[at % 3]
    part[at // 3 % len(part)] ^= 1 << bit
    try:
        proof = jws.read(".".join(encoded(bytes(part)) for part in parts))
    except jws.Malformed:
        return
    assert not proof.fits(KEY)


def _parts(compact: str) -> tuple[bytes, bytes, bytes]:
    header, payload, signature = map(jwt.utils.base64url_decode, compact.split("."))
    return header, payload, signature


@pytest.mark.parametrize("size", [0, 1, 63, 65, 72, 128])
def test_a_signature_of_another_size_fits_nothing(size: int) -> None:
    """Only two numbers of 32 bytes are a signature: neither DER nor padding passes."""
    header, payload, _ = SIGNER.sign(b"{}").split(".")
    assert not jws.read(f"{header}.{payload}.{encoded(bytes(size))}").fits(KEY)


@pytest.mark.parametrize("numbers", [bytes(64), b"\xff" * 64, bytes(63) + b"\x01", b"\x01" + bytes(63)])
def test_numbers_that_no_signature_has(numbers: bytes) -> None:
    """Zero, or a number beyond the curve's order, fits nothing (CVE-2022-21449)."""
    header, payload, _ = SIGNER.sign(b"{}").split(".")
    assert not jws.read(f"{header}.{payload}.{encoded(numbers)}").fits(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "e30=.e30.e30",
        "e30.e+0.e30",
        "e30.e/0.e30",
        " e30.e30.e30",
        "e30.e30.e30\n",
        "e3\u0660.e30.e30",
        f"{encoded(b'[]')}.e30.e30",
        f"{encoded(b'nul')}.e30.e30",
        f"{encoded(bytes([0xFF]))}.e30.e30",
        f"{encoded(b'[' * 3_000)}.e30.e30",
        "e30.e.e30",
    ],
)
def test_what_is_no_signature(text: str) -> None:
    """Anything but three parts in the URL's own base64, the first of them an object, is malformed."""
    with pytest.raises(jws.Malformed):
        jws.read(text)
