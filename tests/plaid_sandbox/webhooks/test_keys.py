from datetime import UTC, datetime

import jwt

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
