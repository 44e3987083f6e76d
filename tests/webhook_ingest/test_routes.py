import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from common.events import WebhookReceived
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.doubles import NOW, PATH, KeyEndpoint, Signer, signed, webhook
from webhook_ingest.routes import LARGEST


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("webhooks_total", {"outcome": outcome}) or 0.0


async def test_a_webhook_becomes_an_event(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """A genuine webhook is answered 200, and one event says which item rang, when and why."""
    answer = await client.post(PATH, content=webhook(), headers=signed(signer, webhook()))

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    [message] = broker.published
    assert WebhookReceived.model_validate_json(message.body) == WebhookReceived(
        item_id="wz666MBjYWTp2PDzzggYhM6oWWmBb",
        webhook_type="TRANSACTIONS",
        webhook_code="SYNC_UPDATES_AVAILABLE",
        received_at=datetime.fromtimestamp(NOW, UTC),
    )


async def test_facts_reach_the_event(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """A fact that stands nowhere else travels with the event."""
    body = webhook(webhook_type="ITEM", webhook_code="USER_ACCOUNT_REVOKED", account_id="BxBXxLj1")

    await client.post(PATH, content=body, headers=signed(signer, body))

    assert WebhookReceived.model_validate_json(broker.published[0].body).account_id == "BxBXxLj1"


async def test_one_correlation_id(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """Each webhook has a correlation id of its own: in the answer and in the event's envelope."""
    answers = [await client.post(PATH, content=webhook(), headers=signed(signer, webhook())) for _ in range(2)]

    ids = [answer.headers["X-Correlation-ID"] for answer in answers]
    assert len(set(ids)) == 2
    assert [message.correlation_id for message in broker.published] == ids


async def test_duplicates(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """The same webhook twice is accepted twice: a doorbell may ring as often as it likes."""
    headers = signed(signer, webhook())

    assert [(await client.post(PATH, content=webhook(), headers=headers)).status_code for _ in range(2)] == [200, 200]
    assert len(broker.published) == 2


@pytest.mark.parametrize(
    ("names", "outcome"),
    [(("TRANSACTIONS", "DEFAULT_UPDATE"), "ignored"), (("INCOME", "INVENTED_LATER"), "unknown")],
)
async def test_nothing_follows(
    client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker, names: tuple[str, str], outcome: str
) -> None:
    """What we ignore or do not know is answered 200 and counted, whether or not anything works behind us."""
    broker.down = True
    body = webhook(webhook_type=names[0], webhook_code=names[1])
    before = counted(outcome)

    answer = await client.post(PATH, content=body, headers=signed(signer, body))

    assert (answer.status_code, broker.tries) == (200, 0)
    assert counted(outcome) == before + 1


async def refused(client: httpx2.AsyncClient, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    answer = await client.post(PATH, content=body, headers=headers)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert answer.json()["retryable"] == (answer.status_code == 503) == ("Retry-After" in answer.headers)
    return answer.status_code, answer.json()["code"]


async def test_unverified(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """What is not proven to come from Plaid is answered 401 and has no effect."""
    other = signed(signer, webhook(item_id="another"))

    assert await refused(client, webhook(), {}) == (401, "missing")
    assert await refused(client, webhook(), other) == (401, "body_changed")
    assert await refused(client, b"no json", {"Plaid-Verification": "a.b.c"}) == (401, "malformed")
    assert broker.tries == 0


async def test_unreadable(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """What Plaid signed and nobody can read is answered 400 and has no effect."""
    for body in (b"", b"\xff", b"[]", webhook(item_id=None)):
        assert await refused(client, body, signed(signer, body)) == (400, "unreadable")
    assert broker.tries == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
async def test_another_content_type(client: httpx2.AsyncClient, signer: Signer, content_type: str) -> None:
    """A body that claims to be no JSON is not read as JSON."""
    headers = signed(signer, webhook()) | {"Content-Type": content_type}

    assert await refused(client, webhook(), headers) == (400, "unreadable")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON ; charset=utf-8", None])
async def test_plaids_content_type(client: httpx2.AsyncClient, signer: Signer, content_type: str | None) -> None:
    """JSON in any spelling is taken, and a body that says nothing about itself too."""
    headers = {"Plaid-Verification": signer.sign(webhook())} | ({"Content-Type": content_type} if content_type else {})

    assert (await client.post(PATH, content=webhook(), headers=headers)).status_code == 200


async def test_wrong_environment(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """A webhook of production is refused by a service that serves the sandbox, with no effect."""
    body = webhook(environment="production")

    assert await refused(client, body, signed(signer, body)) == (400, "wrong_environment")
    assert broker.tries == 0


async def test_which_environment(client: httpx2.AsyncClient, signer: Signer) -> None:
    """Who signs with a key, or for an environment, that is not ours reads in the answer which one ours is."""
    body = webhook(environment="production")

    for headers in (signed(signer, body), signed(Signer(), body)):
        assert (await client.post(PATH, content=body, headers=headers)).json()["environment"] == "sandbox"


async def test_no_keys(client: httpx2.AsyncClient, signer: Signer, endpoint: KeyEndpoint) -> None:
    """While Plaid hands out no keys webhooks are put off with 503 and Retry-After, not refused."""
    endpoint.down = True

    assert await refused(client, webhook(), signed(signer, webhook())) == (503, "no_key")


async def test_both_down(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """With broker and database down the sender is asked to come again; when it does, the webhook is taken."""
    broker.down = True
    assert await refused(client, webhook(), signed(signer, webhook())) == (503, "not_accepted")

    broker.down = False

    assert (await client.post(PATH, content=webhook(), headers=signed(signer, webhook()))).status_code == 200
    assert len(broker.published) == 1


async def test_too_large(client: httpx2.AsyncClient, signer: Signer) -> None:
    """A body over 256 KiB is refused even if Plaid signed it; one of exactly that size is read."""
    largest = webhook() + b" " * (LARGEST - len(webhook()))

    assert (await client.post(PATH, content=largest, headers=signed(signer, largest))).status_code == 200
    assert await refused(client, largest + b" ", signed(signer, largest + b" ")) == (413, "too_large")


async def test_an_endless_body(client: httpx2.AsyncClient) -> None:
    """A body without end is refused after 256 KiB, not read whole."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    assert (await client.post(PATH, content=endless())).status_code == 413
    assert sent <= LARGEST + 2048


async def test_other_methods(client: httpx2.AsyncClient) -> None:
    """A person who opens the address in a browser is told that it is not for browsers."""
    answer = await client.get(PATH)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "/docs" in answer.json()["detail"]
    assert "/docs" in (await client.get("/nowhere")).json()["detail"]
    assert (await client.get("/docs")).status_code == 200


async def test_a_log_without_bodies(client: httpx2.AsyncClient, signer: Signer) -> None:
    """Of a body that was refused the log has its size and hash, and nothing else."""
    body = webhook(webhook_type="ITEM", webhook_code="ERROR", item_id={"secret": "do-not-log"})
    with capture_logs() as lines:
        await client.post(PATH, content=body, headers=signed(signer, body))
        await client.post(PATH, content=body)

    assert [line["code"] for line in lines] == ["unreadable", "missing"]
    for line in lines:
        assert (line["size"], line["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
        assert "do-not-log" not in repr(line)


async def test_a_flood_of_forgeries_is_sampled_in_the_log(client: httpx2.AsyncClient) -> None:
    """Whoever posts without end fills no disk."""
    with capture_logs() as lines:
        for _ in range(500):
            await client.post(PATH, content=b"{}")

    assert 1 <= len(lines) < 100


async def test_metrics(client: httpx2.AsyncClient, signer: Signer, broker: FaultyBroker) -> None:
    """Every webhook is counted by its outcome and timed."""
    timed = REGISTRY.get_sample_value("webhook_answer_seconds_count") or 0.0
    before = {outcome: counted(outcome) for outcome in ("published", "missing", "too_large", "not_accepted")}

    await client.post(PATH, content=webhook(), headers=signed(signer, webhook()))
    await client.post(PATH, content=webhook())
    await client.post(PATH, content=b" " * (LARGEST + 1))
    broker.down = True
    await client.post(PATH, content=webhook(), headers=signed(signer, webhook()))

    assert {outcome: counted(outcome) - count for outcome, count in before.items()} == dict.fromkeys(before, 1.0)
    assert REGISTRY.get_sample_value("webhook_answer_seconds_count") == timed + 4
