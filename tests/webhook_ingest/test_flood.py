import base64
import hashlib
import json
import time

import httpx2
import pytest

from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.doubles import NOW, PATH, KeyEndpoint, Signer, signed, webhook
from webhook_ingest.keys import BURST, PER_SECOND


CLAIMS = {"iat": int(NOW), "request_body_sha256": hashlib.sha256(webhook()).hexdigest()}


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def forged(number: int) -> dict[str, str]:
    """Return a header that says what it must, by a key of its own; nobody ever looks at its signature."""
    header = {"alg": "ES256", "kid": f"forged-{number}"}
    return {"Plaid-Verification": f"{encoded(header)}.{encoded(CLAIMS)}.{'A' * 86}"}


@pytest.mark.slow
async def test_ten_thousand_forged_keys(
    client: httpx2.AsyncClient, signer: Signer, endpoint: KeyEndpoint, broker: FaultyBroker
) -> None:
    """Ten thousand forgeries cost a handful of calls of Plaid, and every genuine webhook among them is taken."""
    genuine = signed(signer, webhook())
    await client.post(PATH, content=webhook(), headers=genuine)
    endpoint.calls.clear()
    statuses = set()
    started = time.monotonic()
    for number in range(10_000):
        statuses.add((await client.post(PATH, content=webhook(), headers=forged(number))).status_code)
        if number % 100 == 0:
            assert (await client.post(PATH, content=webhook(), headers=genuine)).status_code == 200

    assert statuses == {401, 503}
    assert len(broker.published) == 101
    assert len(endpoint.calls) <= BURST + 1 + (time.monotonic() - started) * PER_SECOND
