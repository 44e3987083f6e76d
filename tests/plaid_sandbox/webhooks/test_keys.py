import json
from datetime import UTC, datetime
from hashlib import sha256
from time import time

import jwt
import pytest

from plaid_sandbox.clock import Clock
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.webhooks.keys import KeyRing
from tests.plaid_sandbox.running import StandIn

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_keys_follow_from_the_seed() -> None:
    """A restarted stand-in signs with the keys that receivers have cached."""
    ring, again = KeyRing(Mint("seed"), Clock()), KeyRing(Mint("seed"), Clock())
    assert ring.current.kid == again.current.kid
    key = jwt.PyJWK(dict(again.current.fields()))
    claims = jwt.decode(ring.current.sign(b"{}", NOON), key, algorithms=["ES256"])
    assert claims["iat"] == int(NOON.timestamp())


async def test_a_rotated_key_expires_and_can_still_be_asked_for(stand_in: StandIn) -> None:
    """The successor signs; the old key says when it expired."""
    old = stand_in.sandbox.keys.current.kid
    new = (await stand_in.post("/sandbox_control/webhooks/rotate_key"))["key_id"]
    assert new == stand_in.sandbox.keys.current.kid != old
    for kid, expired in ((old, True), (new, False)):
        key = (await stand_in.post("/webhook_verification_key/get", key_id=kid))["key"]
        assert (key["expired_at"] is not None) == expired
        assert key["kid"] == kid


async def test_it_signs_a_body_of_ones_own(stand_in: StandIn) -> None:
    """Any text is signed as a webhook of this moment, by the machine's time, with the key that is handed out."""
    await stand_in.post("/sandbox_control/clock/advance", seconds=86_400)
    text = '{\n  "name": "café \\u00e9",\n  "amount": 1.10\n}'
    signed = await stand_in.post("/sandbox_control/webhooks/sign", body=text)
    key = (await stand_in.post("/webhook_verification_key/get", key_id=signed["key_id"]))["key"]
    claims = jwt.decode(signed["signature"], jwt.PyJWK(key), algorithms=["ES256"])
    assert jwt.get_unverified_header(signed["signature"])["kid"] == signed["key_id"]
    assert claims["request_body_sha256"] == sha256(text.encode()).hexdigest()
    assert abs(claims["iat"] - time()) < 60


@pytest.mark.parametrize("body", [None, 1, {"a": 1}, "x" * 262_145, "\ud800"])
async def test_it_signs_text_alone(stand_in: StandIn, body: object) -> None:
    """What is no text, too long, or no Unicode is refused by name."""
    answer = await stand_in.http.post("/sandbox_control/webhooks/sign", content=json.dumps({"body": body}))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_FIELD")
