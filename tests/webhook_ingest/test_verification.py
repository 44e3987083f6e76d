import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.webhook_ingest.doubles import NOW, Clock, KeyEndpoint, Signer, webhook
from webhook_ingest.domain.refusal import KeyUnavailable, Unverified
from webhook_ingest.keys import Keys
from webhook_ingest.verification import Verifier

GENUINE: dict[str, Any] = json.loads((Path(__file__).parent / "genuine_webhook.json").read_text())


Forgery = Callable[[Signer], str]


@dataclass
class Parts:
    signer: Signer
    clock: Clock
    endpoint: KeyEndpoint
    verifier: Verifier


@pytest.fixture
def parts() -> Parts:
    signer, clock = Signer(), Clock()
    endpoint = KeyEndpoint(signer)
    return Parts(signer, clock, endpoint, Verifier(Keys(endpoint.get, clock=clock), clock=clock))


async def genuine_verdict(clock: Clock, *, body: str = GENUINE["raw_body"], **key: object) -> str:
    endpoint = KeyEndpoint()
    endpoint.keys[GENUINE["jwk"]["kid"]] = GENUINE["jwk"] | key
    verifier = Verifier(Keys(endpoint.get, clock=clock), clock=clock)
    try:
        await verifier.verify(GENUINE["plaid_verification_header"], body.encode())
    except Unverified as refusal:
        return refusal.reason
    return "verified"


@pytest.mark.parametrize("age", [0, 1, 300, -30])
async def test_a_genuine_webhook(age: int) -> None:
    """A webhook that Plaid really sent is verified while it is fresh."""
    assert await genuine_verdict(Clock(GENUINE["iat"] + age)) == "verified"


async def test_a_genuine_webhook_later() -> None:
    """The same webhook replayed after five minutes proves nothing."""
    assert await genuine_verdict(Clock(GENUINE["iat"] + 301)) == "stale"


async def test_a_genuine_webhook_reformatted() -> None:
    """The signature is over the raw bytes: a proxy that rewrites the JSON breaks it."""
    compact = json.dumps(json.loads(GENUINE["raw_body"]), separators=(",", ":"))

    assert await genuine_verdict(Clock(GENUINE["iat"]), body=compact) == "body_changed"


@pytest.mark.parametrize("body", [GENUINE["raw_body"] + "\n", GENUINE["raw_body"] + " ", GENUINE["raw_body"][:-1]])
async def test_a_genuine_webhook_and_one_byte(body: str) -> None:
    """One byte more or less is another body."""
    assert await genuine_verdict(Clock(GENUINE["iat"]), body=body) == "body_changed"


async def test_keys_belong_to_their_environment() -> None:
    """What one environment's key signed proves nothing to a service that asks the other one for keys."""
    signer, clock = Signer(), Clock()
    sandbox, production = KeyEndpoint(signer), KeyEndpoint(Signer())

    await Verifier(Keys(sandbox.get, clock=clock), clock=clock).verify(signer.sign(webhook()), webhook())
    with pytest.raises(Unverified, match="unknown_key"):
        await Verifier(Keys(production.get, clock=clock), clock=clock).verify(signer.sign(webhook()), webhook())


async def test_a_genuine_webhook_of_an_expired_key() -> None:
    """Had its key expired before it signed, even a genuine signature would be refused."""
    assert await genuine_verdict(Clock(GENUINE["iat"]), expired_at=GENUINE["iat"] - 1) == "key_expired"


async def test_a_signed_webhook(parts: Parts) -> None:
    """What our own signer signs is verified, so the forgeries below fail for their forgery alone."""
    await parts.verifier.verify(parts.signer.sign(webhook()), webhook())


def segments(token: str) -> list[str]:
    return token.split(".")


def encoded(part: bytes | dict[str, Any]) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def replaced(token: str, place: int, part: str) -> str:
    parts = segments(token)
    parts[place] = part
    return ".".join(parts)


def unsigned(signer: Signer) -> str:
    header = {"alg": "none", "kid": signer.kid, "typ": "JWT"}
    return f"{encoded(header)}.{segments(signer.sign(webhook()))[1]}."


def signed_with_the_public_key(signer: Signer) -> str:
    """Forge by the classic confusion: the public key, which everybody may know, taken as an HMAC secret."""
    secret = signer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = segments(signer.sign(webhook()))[1]
    signed = f"{encoded({'alg': 'HS256', 'kid': signer.kid, 'typ': 'JWT'})}.{claims}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def signed_on_another_curve(signer: Signer) -> str:
    other = Signer(ec.SECP384R1())
    return jwt.PyJWS().encode(b"{}", other.private, "ES384", headers={"kid": signer.kid})


def signed_with_rsa(signer: Signer) -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.utils.base64url_decode(segments(signer.sign(webhook()))[1])
    return jwt.PyJWS().encode(claims, private, "RS256", headers={"kid": signer.kid})


def signed_as_es256_on_another_curve(signer: Signer) -> str:
    """Forge what calls itself ES256 and was signed on a curve whose signatures are as long: secp256k1."""
    other = ec.generate_private_key(ec.SECP256K1())
    signed = ".".join(segments(signer.sign(webhook()))[:2])
    r, s = decode_dss_signature(other.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def with_another_last_character(signer: Signer) -> str:
    """Forge the same bytes in other letters: of the last character of 64 bytes four bits mean nothing."""
    genuine = signer.sign(webhook())
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return genuine[:-1] + letters[letters.index(genuine[-1]) + 1]


def with_a_hash(hexdigest: str) -> Forgery:
    claims = json.dumps({"iat": int(NOW), "request_body_sha256": hexdigest}).encode()
    return lambda signer: signer.sign_claims(claims)


def at(iat: object) -> Forgery:
    return lambda signer: signer.sign(webhook(), iat=iat)


def by_kid(kid: object) -> Forgery:
    return lambda signer: replaced(signer.sign(webhook()), 0, encoded({"alg": "ES256", "kid": kid, "typ": "JWT"}))


def with_a_key_of_its_own(signer: Signer) -> str:
    forger = Signer()
    return forger.sign(webhook(), header={"kid": signer.kid, "jwk": forger.jwk()})


def signed_by_another_key(signer: Signer) -> str:
    return Signer().sign(webhook(), header={"kid": signer.kid})


def with_other_claims(signer: Signer) -> str:
    claims = {"iat": int(NOW) - 1, "request_body_sha256": hashlib.sha256(webhook()).hexdigest()}
    return replaced(signer.sign(webhook()), 1, encoded(claims))


def with_another_header(signer: Signer) -> str:
    return replaced(signer.sign(webhook()), 0, encoded({"alg": "ES256", "kid": signer.kid}))


def with_a_zero_signature(signer: Signer) -> str:
    return replaced(signer.sign(webhook()), 2, encoded(bytes(64)))


def as_der(signer: Signer) -> str:
    claims = segments(signer.sign(webhook()))
    der = signer.private.sign(".".join(claims[:2]).encode(), ec.ECDSA(SHA256()))
    return replaced(".".join(claims), 2, encoded(der))


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "no header": (lambda _: "", "missing"),
    "no JWT": (lambda _: "token", "malformed"),
    "dots": (lambda _: "..", "malformed"),
    "no base64": (lambda _: "a.b.c", "malformed"),
    "not ASCII": (lambda _: "é.é.é", "malformed"),
    "endless": (lambda _: "x" * 4097, "malformed"),
    "header cut off": (lambda _: f"{encoded(b'[')}.e30.e30", "malformed"),
    "header too deep": (lambda _: f"{encoded(b'[' * 2000)}.e30.e30", "malformed"),
    "header no object": (lambda _: f"{encoded(b'[]')}.e30.e30", "malformed"),
    "claims no base64": (lambda signer: replaced(signer.sign(webhook()), 1, "!!"), "malformed"),
    "two segments": (lambda signer: ".".join(segments(signer.sign(webhook()))[:2]), "malformed"),
    "four segments": (lambda signer: signer.sign(webhook()) + ".e30", "malformed"),
    "alg none": (unsigned, "algorithm"),
    "alg HS256 by the public key": (signed_with_the_public_key, "algorithm"),
    "alg ES384": (signed_on_another_curve, "algorithm"),
    "alg RS256": (signed_with_rsa, "algorithm"),
    "alg ES256 on another curve": (signed_as_es256_on_another_curve, "signature"),
    "alg missing": (lambda signer: replaced(signer.sign(webhook()), 0, encoded({"kid": signer.kid})), "algorithm"),
    "kid missing": (lambda signer: replaced(signer.sign(webhook()), 0, encoded({"alg": "ES256"})), "header"),
    "kid no text": (by_kid(7), "header"),
    "kid endless": (by_kid("k" * 65), "header"),
    "kid with a line break": (by_kid("k\n"), "header"),
    "kid a path": (by_kid("../keys"), "header"),
    "kid an address": (by_kid("https://forger.example/key"), "header"),
    "x5c": (lambda signer: signer.sign(webhook(), header={"x5c": ["MIIB"]}), "header"),
    "b64": (
        lambda signer: replaced(signer.sign(webhook()), 0, encoded({"alg": "ES256", "kid": signer.kid, "b64": True})),
        "header",
    ),
    "b64 false and detached": (
        lambda signer: f"{encoded({'alg': 'ES256', 'kid': signer.kid, 'b64': False, 'crit': ['b64']})}..{'A' * 86}",
        "header",
    ),
    "padded": (lambda signer: signer.sign(webhook()) + "==", "malformed"),
    "in other letters": (with_another_last_character, "malformed"),
    "two of them": (lambda signer: f"{signer.sign(webhook())}, {signer.sign(webhook())}", "malformed"),
    "a word before it": (lambda signer: f"Bearer {signer.sign(webhook())}", "malformed"),
    "embedded jwk": (with_a_key_of_its_own, "header"),
    "jku": (lambda signer: signer.sign(webhook(), header={"jku": "https://forger.example/keys"}), "header"),
    "x5u": (lambda signer: signer.sign(webhook(), header={"x5u": "https://forger.example/cert"}), "header"),
    "crit": (lambda signer: signer.sign(webhook(), header={"crit": ["b64"], "b64": True}), "header"),
    "a key Plaid does not know": (lambda _: Signer().sign(webhook()), "unknown_key"),
    "another's key id": (signed_by_another_key, "signature"),
    "claims replaced": (with_other_claims, "signature"),
    "header replaced": (with_another_header, "signature"),
    "signature of zeros": (with_a_zero_signature, "signature"),
    "signature as DER": (as_der, "signature"),
    "signature empty": (lambda signer: replaced(signer.sign(webhook()), 2, ""), "signature"),
    "claims empty": (lambda signer: signer.sign_claims(b"{}"), "claims"),
    "claims no JSON": (lambda signer: signer.sign_claims(b"no json"), "claims"),
    "claims too deep": (lambda signer: signer.sign_claims(b"[" * 2500), "claims"),
    "iat a string": (at(str(int(NOW))), "claims"),
    "iat a fraction": (at(NOW + 0.5), "claims"),
    "iat a float": (at(NOW), "claims"),
    "iat true": (at(iat=True), "claims"),
    "iat null": (at(None), "claims"),
    "iat a list": (at([int(NOW)]), "claims"),
    "iat in milliseconds": (at(int(NOW) * 1000), "from_the_future"),
    "iat huge": (at(10**400), "from_the_future"),
    "iat negative": (at(-int(NOW)), "stale"),
    "iat hugely negative": (at(-(10**400)), "stale"),
    "stale": (at(int(NOW) - 301), "stale"),
    "from the future": (at(int(NOW) + 31), "from_the_future"),
    "a hash in capitals": (with_a_hash(hashlib.sha256(webhook()).hexdigest().upper()), "body_changed"),
    "half a hash": (with_a_hash(hashlib.sha256(webhook()).hexdigest()[:32]), "body_changed"),
    "a longer hash": (with_a_hash(hashlib.sha512(webhook()).hexdigest()), "body_changed"),
    "no hash": (with_a_hash(""), "body_changed"),
    "another body": (lambda signer: signer.sign(webhook(item_id="another")), "body_changed"),
    "an empty body": (lambda signer: signer.sign(b""), "body_changed"),
}


BY_KEY = {"unknown_key", "signature"}
"""What only a look at the key can tell."""


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery(parts: Parts, name: str) -> None:
    """No forgery is verified, and each is refused for what is wrong with it."""
    forge, reason = FORGERIES[name]

    with pytest.raises(Unverified) as refusal:
        await parts.verifier.verify(forge(parts.signer), webhook())
    assert refusal.value.reason == reason


@pytest.mark.parametrize("name", [name for name, (_, reason) in FORGERIES.items() if reason not in BY_KEY])
async def test_what_no_key_could_save(parts: Parts, name: str) -> None:
    """What can be refused by looking at it is refused for that, whoever's key it names, and costs no call of Plaid."""
    forge, reason = FORGERIES[name]
    stranger = Signer()

    with pytest.raises(Unverified) as refusal:
        await parts.verifier.verify(forge(stranger), webhook())
    assert refusal.value.reason == reason
    assert parts.endpoint.calls == []


async def test_an_expired_key_and_a_wrong_signature(parts: Parts) -> None:
    """A key's expiry is told only to who holds the key: what did not sign with it is refused for its signature."""
    parts.endpoint.keys[parts.signer.kid] = parts.signer.jwk(expired_at=int(NOW) - 1)

    for forge, reason in ((lambda signer: signer.sign(webhook()), "key_expired"), (signed_by_another_key, "signature")):
        with pytest.raises(Unverified) as refusal:
            await parts.verifier.verify(forge(parts.signer), webhook())
        assert refusal.value.reason == reason


async def test_no_key_to_be_had(parts: Parts) -> None:
    """While Plaid hands out no keys, a new signature is neither believed nor refused for good."""
    parts.endpoint.down = True

    with pytest.raises(KeyUnavailable):
        await parts.verifier.verify(parts.signer.sign(webhook()), webhook())
