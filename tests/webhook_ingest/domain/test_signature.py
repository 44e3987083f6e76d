import hashlib
import json

import pytest

from tests.webhook_ingest.doubles import NOW
from webhook_ingest.domain.refusal import Unverified
from webhook_ingest.domain.signature import Claims, check_claims, check_expiry, read_claims, read_header

BODY = b'{\n  "webhook_type": "ITEM"\n}'
HASH = hashlib.sha256(BODY).hexdigest()


def reason_of(iat: int, *, sha256: str = HASH, key_expired_at: int | None = None) -> str:
    try:
        claims = Claims(iat=iat, request_body_sha256=sha256)
        check_claims(claims, BODY, now=NOW)
        check_expiry(claims, key_expired_at)
    except Unverified as refusal:
        return refusal.reason
    return "verified"


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (0, "verified"),
        (300, "verified"),
        (301, "stale"),
        (10**9, "stale"),
        (-30, "verified"),
        (-31, "from_the_future"),
        (-(10**18), "from_the_future"),
        (-(10**400), "from_the_future"),
        (10**400, "stale"),
        (2 * int(NOW), "stale"),
    ],
)
def test_age(age: int, verdict: str) -> None:
    """A signature is good for 5 minutes, and from 30 seconds ahead of our clock."""
    assert reason_of(int(NOW) - age) == verdict


@pytest.mark.parametrize(
    ("expired_ago", "signed_ago", "verdict"),
    [(60, 61, "verified"), (60, 60, "verified"), (60, 59, "key_expired"), (60, 0, "key_expired"), (-60, 0, "verified")],
)
def test_expired_key(expired_ago: int, signed_ago: int, verdict: str) -> None:
    """A key verifies what it signed before it expired, in that very second too, and nothing later."""
    assert reason_of(int(NOW) - signed_ago, key_expired_at=int(NOW) - expired_ago) == verdict


@pytest.mark.parametrize("sha256", ["", HASH[:-1], HASH.upper(), hashlib.sha256(BODY + b"\n").hexdigest(), "ä" * 64])
def test_body(sha256: str) -> None:
    """A signature speaks of exactly these bytes."""
    assert reason_of(int(NOW), sha256=sha256) == "body_changed"


@pytest.mark.parametrize(
    "claims",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        json.dumps({"iat": int(NOW)}).encode(),
        json.dumps({"request_body_sha256": HASH}).encode(),
        json.dumps({"iat": str(int(NOW)), "request_body_sha256": HASH}).encode(),
        json.dumps({"iat": True, "request_body_sha256": HASH}).encode(),
        json.dumps({"iat": NOW + 0.5, "request_body_sha256": HASH}).encode(),
        json.dumps({"iat": None, "request_body_sha256": HASH}).encode(),
        json.dumps({"iat": int(NOW), "request_body_sha256": 5}).encode(),
        b'{"iat":NaN,"request_body_sha256":"x"}',
        b'{"iat":Infinity,"request_body_sha256":"x"}',
        b'{"iat":1e9,"request_body_sha256":"x"}',
        b'{"iat":1,"request_body_sha256":"\\ud800"}',
        b'{"iat":' + b"9" * 5_000 + b',"request_body_sha256":"x"}',
        b"[" * 3_000,
    ],
)
def test_claims(claims: bytes) -> None:
    """Claims that miss a field, or hold another type in it, prove nothing."""
    with pytest.raises(Unverified, match="claims"):
        read_claims(claims)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"kid": "k"}, "algorithm"),
        ({"alg": "none", "kid": "k"}, "algorithm"),
        ({"alg": "None", "kid": "k"}, "algorithm"),
        ({"alg": "HS256", "kid": "k"}, "algorithm"),
        ({"alg": "RS256", "kid": "k"}, "algorithm"),
        ({"alg": "ES384", "kid": "k"}, "algorithm"),
        ({"alg": "es256", "kid": "k"}, "algorithm"),
        ({"alg": ["ES256"], "kid": "k"}, "algorithm"),
        ({"alg": "ES256"}, "header"),
        ({"alg": "ES256", "kid": ""}, "header"),
        ({"alg": "ES256", "kid": 5}, "header"),
        ({"alg": "ES256", "kid": "a b"}, "header"),
        ({"alg": "ES256", "kid": "k" * 65}, "header"),
        ({"alg": "ES256", "kid": "k\n"}, "header"),
        ({"alg": "ES256", "kid": "k\x00"}, "header"),
        ({"alg": "ES256", "kid": "ключ"}, "header"),
        ({"alg": "ES256", "kid": "../../k"}, "header"),
        ({"alg": "ES256", "kid": "https://example.com/k"}, "header"),
        ({"alg": "ES256", "kid": ["k"]}, "header"),
        ({"alg": "ES256", "kid": "k", "jwk": {}}, "header"),
        ({"alg": "ES256", "kid": "k", "jku": "https://example.com"}, "header"),
        ({"alg": "ES256", "kid": "k", "x5u": "https://example.com"}, "header"),
        ({"alg": "ES256", "kid": "k", "x5c": ["MII"]}, "header"),
        ({"alg": "ES256", "kid": "k", "crit": ["exp"]}, "header"),
        ({"alg": "ES256", "kid": "k", "b64": True}, "header"),
        ({"alg": "ES256", "kid": "k", "b64": False}, "header"),
    ],
)
def test_header(header: dict[str, object], reason: str) -> None:
    """Only ES256 by a key that we look up ourselves; a key that the sender brings along is refused."""
    with pytest.raises(Unverified, match=reason):
        read_header(header)


def test_plaids_header() -> None:
    """Plaid's own header is taken, with a field that we do not know."""
    assert read_header({"alg": "ES256", "kid": "6c5516e1", "typ": "JWT", "new": 1}).kid == "6c5516e1"
