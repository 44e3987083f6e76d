import json
from time import time

import jwt
import pytest

from webhook_ingest.check import sample
from webhook_ingest.domain import signature
from webhook_ingest.domain.webhook import Decision, read


@pytest.mark.parametrize("environment", sample.OTHER)
def test_nothing_follows_from_a_sample(environment: str) -> None:
    """A sample is a webhook of its environment that webhook_ingest reads, knows and ignores."""
    webhook = read(sample.body(environment), environment)
    assert (webhook.decision, webhook.doorbell) == (Decision.IGNORE, None)


@pytest.mark.parametrize("ascii_alone", [True, False])
@pytest.mark.parametrize("indent", [None, 2, 4])
def test_no_rewriter_hits_it(*, ascii_alone: bool, indent: int | None) -> None:
    """Whoever parses a sample and writes it anew changes its bytes, whatever the layout; it begins as Plaid's do."""
    body = sample.body("sandbox")
    again = json.dumps(json.loads(body), indent=indent, ensure_ascii=ascii_alone)
    assert again.encode() != body
    assert body.startswith(b'{\n  "')


def test_a_stranger_signs_as_plaid_does() -> None:
    """All but the key is right: header, claims, hash and time."""
    body = sample.body("sandbox")
    key = sample.stranger()
    token = jwt.PyJWS().decode_complete(key.sign(body, time()), key.private.public_key(), algorithms=["ES256"])
    assert signature.read_header(token["header"]).kid == key.kid
    signature.check_claims(signature.read_claims(token["payload"]), body, now=time())
