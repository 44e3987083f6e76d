import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from common.plaid.errors import Details, classify
from tests.common.broker.site import eventually
from tests.webhook_ingest.doubles import Clock, KeyEndpoint, Signer
from webhook_ingest.domain.refusal import KeyUnavailable
from webhook_ingest.keys import MOST_AT_ONCE, MOST_KEYS, TIME_TO_LIVE, UNKNOWN_FOR, Fetch, Keys, UnknownKey
from webhook_ingest.quota import BURST, BURST_OF_ALL, PER_SECOND, PER_SECOND_OF_ALL, Quota

SIGNER = Signer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint() -> KeyEndpoint:
    return KeyEndpoint(SIGNER)


@pytest.fixture
def keys(endpoint: KeyEndpoint, clock: Clock) -> Keys:
    return Keys(endpoint.get, clock=clock, quota=Quota(clock))


async def verdict(keys: Keys, key_id: str, source: str = "") -> str:
    try:
        await keys.get(key_id, source)
    except UnknownKey:
        return "unknown"
    except KeyUnavailable:
        return "unavailable"
    return "known"


async def test_one_fetch_per_key(keys: Keys, endpoint: KeyEndpoint) -> None:
    """A key is fetched once, however often it is used."""
    first, second = await keys.get(SIGNER.kid), await keys.get(SIGNER.kid)

    assert first is second
    assert endpoint.calls == [SIGNER.kid]


async def test_single_flight(keys: Keys, endpoint: KeyEndpoint) -> None:
    """A hundred webhooks that need the same new key at once cost one call of Plaid."""
    endpoint.answering.clear()
    waiting = [asyncio.create_task(keys.get(SIGNER.kid)) for _ in range(100)]
    await asyncio.sleep(0)
    endpoint.answering.set()

    assert len(set(map(id, await asyncio.gather(*waiting)))) == 1
    assert endpoint.calls == [SIGNER.kid]


async def test_a_waiter_that_gives_up(keys: Keys, endpoint: KeyEndpoint) -> None:
    """A sender that hangs up takes the key from nobody else."""
    endpoint.answering.clear()
    impatient, patient = (asyncio.create_task(keys.get(SIGNER.kid)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    endpoint.answering.set()

    assert (await patient).expired_at is None
    assert endpoint.calls == [SIGNER.kid]


async def test_a_slow_endpoint(keys: Keys, endpoint: KeyEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook does not wait long for its key; the fetch goes on and serves the next one."""
    monkeypatch.setattr("webhook_ingest.keys.PATIENCE", 0.01)
    endpoint.answering.clear()
    assert await verdict(keys, SIGNER.kid) == "unavailable"

    endpoint.answering.set()
    await asyncio.sleep(0)

    assert await verdict(keys, SIGNER.kid) == "known"
    assert endpoint.calls == [SIGNER.kid]


async def test_unknown_ids_are_remembered(keys: Keys, endpoint: KeyEndpoint) -> None:
    """An id that Plaid does not know is asked for once, and stays unknown without a further call."""
    assert [await verdict(keys, "forged") for _ in range(1000)] == ["unknown"] * 1000
    assert endpoint.calls == ["forged"]


async def test_unknown_ids_are_asked_for_again(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """A key that Plaid publishes a moment after it signs with it is found a minute later."""
    fresh = Signer()
    assert await verdict(keys, fresh.kid) == "unknown"
    endpoint.keys[fresh.kid] = fresh.jwk()

    clock.now += UNKNOWN_FOR

    assert await verdict(keys, fresh.kid) == "known"


async def test_ten_thousand_forged_ids(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """Ten thousand forged ids in ten seconds cost a handful of calls, and a key in use goes on all the while."""
    await keys.get(SIGNER.kid)
    endpoint.calls.clear()
    for _ in range(10_000):
        assert await verdict(keys, str(uuid4())) in {"unknown", "unavailable"}
        assert await verdict(keys, SIGNER.kid) == "known"
        clock.now += 0.001

    assert len(endpoint.calls) <= BURST + 2


async def test_what_is_remembered_is_bounded(keys: Keys, clock: Clock) -> None:
    """Forged ids that are remembered are forgotten again."""
    for _ in range(1000):
        await verdict(keys, str(uuid4()))
        clock.now += 1 / PER_SECOND

    assert len(keys._unknown) <= UNKNOWN_FOR * PER_SECOND + 1


async def test_a_new_key_during_a_flood(keys: Keys, clock: Clock) -> None:
    """A new genuine key that meets an empty bucket is put off, not refused, and is known once there is a token."""
    for _ in range(100):
        await verdict(keys, str(uuid4()))
    assert await verdict(keys, SIGNER.kid) == "unavailable"

    clock.now += 1 / PER_SECOND

    assert await verdict(keys, SIGNER.kid) == "known"


async def test_a_new_key_during_somebody_elses_flood(keys: Keys, clock: Clock) -> None:
    """A flood without end from some addresses does not keep a rotated key from being fetched for Plaid's."""
    for number in range(2_000):
        await verdict(keys, str(uuid4()), f"203.0.113.{number % 3}")
        clock.now += 0.01

    assert await verdict(keys, SIGNER.kid, "52.21.26.131") == "known"


async def test_a_flood_from_everywhere(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """A flood from very many addresses costs Plaid no more than an eighth of what it allows, and us no memory."""
    for number in range(10_000):
        await verdict(keys, str(uuid4()), f"10.0.{number % 250}.{number // 250}")
        clock.now += 0.006

    assert len(endpoint.calls) <= BURST_OF_ALL + 60 * PER_SECOND_OF_ALL + 1
    assert len(keys._unknown) <= BURST_OF_ALL + UNKNOWN_FOR * PER_SECOND_OF_ALL + 1


async def test_fetches_under_way_are_bounded(endpoint: KeyEndpoint) -> None:
    """However slow Plaid is, only so many fetches wait for it at a time; who comes then is put off at once."""
    clock = Clock()
    keys = Keys(endpoint.get, quota=Quota(clock))
    endpoint.answering.clear()
    waiting = []
    for number in range(MOST_AT_ONCE):
        waiting.append(asyncio.create_task(verdict(keys, str(uuid4()), str(number))))
        clock.now += 1
    await asyncio.sleep(0)

    assert await asyncio.wait_for(verdict(keys, str(uuid4()), "another"), 1) == "unavailable"
    endpoint.answering.set()
    assert set(await asyncio.gather(*waiting)) == {"unknown"}
    assert await verdict(keys, SIGNER.kid, "another") == "known"


async def test_known_keys_are_bounded(endpoint: KeyEndpoint, clock: Clock) -> None:
    """Not even Plaid can fill our memory with keys: the oldest goes first."""
    keys = Keys(endpoint.get, clock=clock, quota=Quota(clock))
    signers = [Signer() for _ in range(MOST_KEYS + 1)]
    for signer in signers:
        endpoint.keys[signer.kid] = signer.jwk()
        assert await verdict(keys, signer.kid) == "known"
        clock.now += 1 / PER_SECOND

    assert set(keys._known) == {signer.kid for signer in signers[1:]}


@pytest.mark.parametrize("error", [RuntimeError("the-secret"), ValueError(), TimeoutError(), KeyError("key")])
async def test_a_fetch_that_fails_unexpectedly(error: Exception, clock: Clock) -> None:
    """Whatever goes wrong in a fetch puts the webhook off and leaves nothing behind; the log has its kind alone."""
    broken = True

    async def fetch(_key_id: str) -> dict[str, object]:
        if broken:
            raise error
        return {"key": SIGNER.jwk()}

    keys = Keys(fetch, clock=clock, quota=Quota(clock))
    with capture_logs() as lines:
        assert await verdict(keys, SIGNER.kid) == "unavailable"
    broken = False

    assert [(line["event"], line["error"]) for line in lines] == [("keys.unavailable", type(error).__name__)]
    assert "the-secret" not in repr(lines)
    assert (keys._in_flight, keys._unknown) == ({}, {})
    assert await verdict(keys, SIGNER.kid) == "known"


@pytest.mark.parametrize("answer", [None, [], "key", {}, {"key": SIGNER.jwk(kid="another")}, {"key": {"kid": 5}}])
async def test_an_answer_that_is_none(answer: object, clock: Clock) -> None:
    """An answer that holds no usable key puts the webhook off."""

    async def fetch(_key_id: str) -> object:
        return answer

    assert await verdict(Keys(cast("Fetch", fetch), clock=clock), SIGNER.kid) == "unavailable"


async def test_keys_are_refreshed_one_after_the_other(endpoint: KeyEndpoint, clock: Clock) -> None:
    """However many keys are a day old, Plaid is asked for one at a time."""
    at_once, most = 0, 0

    async def fetch(key_id: str) -> Mapping[str, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return await endpoint.get(key_id)

    keys = Keys(fetch, clock=clock, quota=Quota(clock))
    for signer in [Signer() for _ in range(5)]:
        endpoint.keys[signer.kid] = signer.jwk()
        await keys.get(signer.kid)
    clock.now += TIME_TO_LIVE
    await keys.refresh()

    assert (len(endpoint.calls), most) == (10, 1)


async def test_rotation(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """While Plaid changes from one key to the next, both are known, and the old one learns when it ended."""
    await keys.get(SIGNER.kid)
    successor = Signer()
    endpoint.keys[successor.kid] = successor.jwk()
    endpoint.keys[SIGNER.kid] = SIGNER.jwk(expired_at=int(clock.now) + TIME_TO_LIVE)

    assert (await keys.get(successor.kid)).expired_at is None
    assert (await keys.get(SIGNER.kid)).expired_at is None
    clock.now += TIME_TO_LIVE
    await keys.refresh()

    assert (await keys.get(SIGNER.kid)).expired_at == clock.now


async def test_refresh_leaves_young_keys_alone(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """A key is fetched again once a day, not oftener."""
    await keys.get(SIGNER.kid)

    clock.now += TIME_TO_LIVE - 1
    await keys.refresh()
    assert len(endpoint.calls) == 1
    clock.now += 1
    await keys.refresh()
    await keys.refresh()

    assert len(endpoint.calls) == 2


async def test_refresh_takes_no_token(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """A flood of forged ids cannot keep keys in use from being refreshed."""
    await keys.get(SIGNER.kid)
    clock.now += TIME_TO_LIVE
    for _ in range(100):
        await verdict(keys, str(uuid4()))
    endpoint.calls.clear()

    await keys.refresh()

    assert endpoint.calls == [SIGNER.kid]


async def test_an_expired_key_is_forgotten(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """A key that can verify nothing any more is neither kept nor fetched again."""
    endpoint.keys[SIGNER.kid] = SIGNER.jwk(expired_at=int(clock.now))
    await keys.get(SIGNER.kid)

    clock.now += 301
    await keys.refresh()

    assert len(endpoint.calls) == 1
    assert keys._known == {}


async def test_a_withdrawn_key(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """A key that Plaid no longer knows verifies nothing after the next refresh."""
    await keys.get(SIGNER.kid)
    endpoint.keys.clear()

    clock.now += TIME_TO_LIVE
    await keys.refresh()

    assert await verdict(keys, SIGNER.kid) == "unknown"


async def test_the_endpoint_is_down(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """While Plaid is away keys in use go on, for days if need be; new ones are put off and found when it is back."""
    fresh = Signer()
    endpoint.keys[fresh.kid] = fresh.jwk()
    await keys.get(SIGNER.kid)
    endpoint.down = True

    for _ in range(3):
        clock.now += TIME_TO_LIVE
        await keys.refresh()
        assert await verdict(keys, SIGNER.kid) == "known"
        assert await verdict(keys, fresh.kid) == "unavailable"
    endpoint.down = False

    assert await verdict(keys, fresh.kid) == "known"


@pytest.mark.parametrize(
    ("status", "error_type", "code"),
    [
        (400, "INVALID_INPUT", "INVALID_API_KEYS"),
        (429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT"),
        (500, "API_ERROR", "INTERNAL_SERVER_ERROR"),
        (502, "UNKNOWN", "HTTP_502"),
    ],
)
async def test_plaid_refuses(status: int, error_type: str, code: str, clock: Clock) -> None:
    """Only Plaid's word that it has no such key makes a key unknown; any other error puts the webhook off."""

    async def refuse(_key_id: str) -> dict[str, object]:
        raise classify(Details(status, error_type, code, ""))

    assert await verdict(Keys(refuse, clock=clock), "any") == "unavailable"


@asynccontextmanager
async def running(keys: Keys, every: float) -> AsyncIterator[None]:
    task = asyncio.create_task(keys.run(every))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_loop(keys: Keys, endpoint: KeyEndpoint, clock: Clock) -> None:
    """In the background keys are refreshed, and an endpoint that is down does not end that."""
    await keys.get(SIGNER.kid)
    endpoint.down = True
    clock.now += TIME_TO_LIVE

    async def tried_again() -> bool:
        return len(endpoint.calls) >= 3

    async def refreshed() -> bool:
        return (await keys.get(SIGNER.kid)).fetched_at == clock.now

    async with running(keys, 0.001):
        await eventually(tried_again)
        endpoint.down = False
        await eventually(refreshed)
