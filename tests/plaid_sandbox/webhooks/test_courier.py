import asyncio
from itertools import pairwise
from time import time
from typing import get_args

from starlette.responses import Response

from plaid_sandbox.webhooks.faults import Faults, Forgery
from plaid_sandbox.webhooks.retries import RETRY_DELAYS
from tests.plaid_sandbox.receiver import Receiver, receiving
from tests.plaid_sandbox.running import StandIn, eventually, running, settings

FAULTS = "/sandbox_control/webhooks/faults"


async def fire(stand_in: StandIn, access_token: str, new_transactions: int = 0) -> None:
    """Fire one DEFAULT_UPDATE; `new_transactions` tells them apart."""
    body = {"access_token": access_token, "webhook_code": "DEFAULT_UPDATE"}
    await stand_in.post("/sandbox/item/fire_webhook", **body, options={"new_transactions": new_transactions})


def numbers(receiver: Receiver) -> list[int]:
    """Return by which number each DEFAULT_UPDATE was told apart, in order of arrival."""
    return [payload["new_transactions"] for payload in receiver.of("DEFAULT_UPDATE")]


async def tried(stand_in: StandIn, attempts: int) -> None:
    """Wait until the DEFAULT_UPDATE was tried so often, so that its next wait has begun."""

    async def noted() -> bool:
        return sum(one.code == "DEFAULT_UPDATE" for one in stand_in.sandbox.courier.deliveries) == attempts

    await eventually(noted)


async def test_every_webhook_is_signed_and_printed_as_plaids(stand_in: StandIn, receiver: Receiver) -> None:
    """ES256 over the raw body with two spaces, keys in alphabetical order; each passes the published verification."""
    await stand_in.linked(webhook=receiver.url)
    await receiver.until(lambda: len(receiver.received) >= 4)
    for one in receiver.received:
        assert one.is_genuine(stand_in.sandbox.keys, time() + 1)
        assert one.body.startswith(b'{\n  "environment": "sandbox",\n  ')
        assert not one.body.endswith(b"\n")


async def test_history_is_told_twice_and_in_plaids_old_words_too(stand_in: StandIn, receiver: Receiver) -> None:
    """Once sync was called: initial, then historical; INITIAL_UPDATE and HISTORICAL_UPDATE in parallel."""
    await stand_in.linked(webhook=receiver.url)
    await receiver.until(lambda: len(receiver.received) >= 4)
    flags = {
        (one["initial_update_complete"], one["historical_update_complete"])
        for one in receiver.of("SYNC_UPDATES_AVAILABLE")
    }
    assert flags == {(True, False), (True, True)}
    assert {"INITIAL_UPDATE", "HISTORICAL_UPDATE"} <= set(receiver.codes)


async def test_sync_news_need_a_sync_call_first(stand_in: StandIn, receiver: Receiver) -> None:
    """An Item on which sync was never called gets the old webhooks only."""
    await stand_in.link(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    assert "SYNC_UPDATES_AVAILABLE" not in receiver.codes


async def test_a_failed_webhook_comes_again_after_plaids_delays(stand_in: StandIn, receiver: Receiver) -> None:
    """30 s, then four times as long each; signed anew; it stops with the first 200."""
    async with running(settings(retry_scale=1)) as patient:
        access_token, _ = await patient.link(webhook=receiver.url)
        await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
        receiver.answers.extend(Response(status_code=503) for _ in range(2))
        await fire(patient, access_token, 1)
        for attempts, pause in enumerate(RETRY_DELAYS[:2], start=1):
            await tried(patient, attempts)
            patient.sandbox.clock.advance(pause - 1)
            await asyncio.sleep(0.05)
            assert numbers(receiver) == [1] * attempts
            patient.sandbox.clock.advance(1)
        await receiver.until(lambda: numbers(receiver) == [1] * 3)
        signatures = {one.signature for one in receiver.received}
        assert len(signatures) == len(receiver.received)


async def test_a_busy_receiver_says_when(receiver: Receiver) -> None:
    """429 with Retry-After is honoured instead of the back-off."""
    async with running(settings(retry_scale=1)) as stand_in:
        access_token, _ = await stand_in.link(webhook=receiver.url)
        await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
        receiver.answers.append(Response(status_code=429, headers={"Retry-After": "600"}))
        await fire(stand_in, access_token, 1)
        await tried(stand_in, 1)
        stand_in.sandbox.clock.advance(599)
        await asyncio.sleep(0.05)
        assert numbers(receiver) == [1]
        stand_in.sandbox.clock.advance(1)
        await receiver.until(lambda: numbers(receiver) == [1, 1])


async def test_it_gives_up_after_seven_attempts(stand_in: StandIn, receiver: Receiver) -> None:
    """Seven attempts fit into Plaid's 24 hours; the eighth is never made."""
    access_token, _ = await stand_in.link(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    receiver.answers.extend(Response(status_code=500) for _ in range(20))
    await fire(stand_in, access_token, 1)
    await receiver.until(lambda: len(numbers(receiver)) == 7)
    await asyncio.sleep(0.1)
    assert len(numbers(receiver)) == 7
    attempts = (await stand_in.get("/sandbox_control/webhooks"))["deliveries"]
    assert [one["attempt"] for one in attempts if one["status"] == 500] == list(range(1, 8))


async def test_a_slow_receiver_holds_up_nobody(stand_in: StandIn, receiver: Receiver) -> None:
    """While one receiver stalls, another gets its webhooks."""
    async with receiving() as stalled:
        stalled.stalled = asyncio.Event()
        slow, _ = await stand_in.link(webhook=stalled.url)
        for number in range(200):
            await fire(stand_in, slow, number)
        await stand_in.link(webhook=receiver.url)
        await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
        stalled.stalled.set()


async def test_a_receiver_that_does_not_answer_in_time_has_failed() -> None:
    """An attempt lasts ten seconds at most, here a tenth of one; then it is tried again."""
    async with receiving() as stalled, running(settings(webhook_timeout=0.1)) as stand_in:
        stalled.stalled = asyncio.Event()
        access_token, _ = await stand_in.link(webhook=stalled.url)
        await fire(stand_in, access_token, 5)
        await stalled.until(lambda: numbers(stalled).count(5) >= 2)
        stalled.stalled.set()


async def test_webhooks_can_be_doubled_reordered_and_dropped(stand_in: StandIn, receiver: Receiver) -> None:
    """Faults are switched on and off while it runs."""
    access_token, _ = await stand_in.link(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    await stand_in.post(FAULTS, duplicates=2)
    await fire(stand_in, access_token, 1)
    await receiver.until(lambda: numbers(receiver) == [1, 1, 1])
    await stand_in.post(FAULTS, drop=1)
    for number in (2, 3):
        await fire(stand_in, access_token, number)
    await receiver.until(lambda: numbers(receiver) == [1, 1, 1, 3])
    await stand_in.post(FAULTS, reorder=3)
    for number in (4, 5):
        await fire(stand_in, access_token, number)
    await asyncio.sleep(0.05)
    assert len(numbers(receiver)) == 4
    await fire(stand_in, access_token, 6)
    await receiver.until(lambda: numbers(receiver)[4:] == [6, 5, 4])


async def test_copies_can_be_shuffled(stand_in: StandIn, receiver: Receiver) -> None:
    """Every copy of every webhook that was held comes once, and none of them before the last one is there."""
    access_token, _ = await stand_in.link(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    await stand_in.post(FAULTS, duplicates=4, reorder=3, shuffle=1)
    for number in (1, 2):
        await fire(stand_in, access_token, number)
    await asyncio.sleep(0.05)
    assert numbers(receiver) == []
    await fire(stand_in, access_token, 3)
    await receiver.until(lambda: len(numbers(receiver)) == 15)
    assert sorted(numbers(receiver)) == sorted([1, 2, 3] * 5)


def test_the_seed_is_the_order() -> None:
    """Shuffled copies are mixed with each other's; the same seed mixes them the same way, another one another way."""
    held = [1, 2, 3]
    in_turn, first, again, other = (Faults(duplicates=4, shuffle=seed).copies(held) for seed in (None, 0, 0, 1))
    assert in_turn == [3] * 5 + [2] * 5 + [1] * 5
    assert first == again != other
    assert sorted(first) == sorted(other) == sorted(in_turn)
    assert sum(one != after for one, after in pairwise(first)) > len(held) - 1


async def test_forgeries_come_besides_and_none_is_genuine(stand_in: StandIn, receiver: Receiver) -> None:
    """Each way of forging fails the published verification; the genuine webhook still comes."""
    access_token, _ = await stand_in.link(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    kinds = list(get_args(Forgery))
    await stand_in.post(FAULTS, forge=kinds)
    await fire(stand_in, access_token, 1)
    await receiver.until(lambda: len(numbers(receiver)) == len(kinds) + 1)
    come = [one for one in receiver.received if one.code == "DEFAULT_UPDATE"]
    assert sum(one.is_genuine(stand_in.sandbox.keys, time() + 1) for one in come) == 1


async def test_an_unreachable_receiver_hurts_nobody(stand_in: StandIn) -> None:
    """Nobody listens there: all attempts are noted without a status, and everybody else goes on."""
    access_token, _ = await stand_in.link(webhook="http://127.0.0.1:1/hook")
    await fire(stand_in, access_token)
    await stand_in.linked()
    await tried(stand_in, 7)
    assert {one.status for one in stand_in.sandbox.courier.deliveries} == {None}
