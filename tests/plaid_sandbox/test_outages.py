from time import monotonic
from typing import Any

import httpx2
import pytest

from tests.plaid_sandbox.running import BANK, StandIn

OUTAGES = "/sandbox_control/outages"


async def test_an_outage_lasts_the_calls_it_was_ordered_for(stand_in: StandIn) -> None:
    """Two calls fail with Plaid's body and status, the third succeeds."""
    access_token, item_id = await stand_in.link()
    await stand_in.post(OUTAGES, item_id=item_id, error_code="INSTITUTION_DOWN", calls=2)
    for _ in range(2):
        assert await stand_in.refused("/accounts/get", access_token=access_token) == "INSTITUTION_DOWN"
    await stand_in.post("/accounts/get", access_token=access_token)


async def test_an_outage_hits_what_it_covers_only(stand_in: StandIn) -> None:
    """One path, one Item or one institution fails; all others go on."""
    one, one_id = await stand_in.link()
    other, _ = await stand_in.link()
    await stand_in.post(OUTAGES, item_id=one_id, path="/item/get", error_code="INTERNAL_SERVER_ERROR", calls=9)
    await stand_in.post("/item/get", access_token=other)
    await stand_in.post("/accounts/get", access_token=one)
    answer = await stand_in.send("/item/get", {"access_token": one})
    assert (answer.status_code, answer.json()["error_type"]) == (500, "API_ERROR")
    await stand_in.post(f"{OUTAGES}/clear")
    await stand_in.post(OUTAGES, institution_id=BANK, error_code="INSTITUTION_NOT_RESPONDING", calls=9)
    for token in (one, other):
        assert await stand_in.refused("/item/get", access_token=token) == "INSTITUTION_NOT_RESPONDING"
    assert (await stand_in.get(OUTAGES))["outages"][0]["calls"] == 7


async def test_a_proxy_can_answer_in_plaids_place(stand_in: StandIn) -> None:
    """A 502 with an HTML page, for clients that take every body for JSON."""
    await stand_in.post(OUTAGES, path="/institutions/get", gateway_error=True)
    answer = await stand_in.send("/institutions/get", {"count": 1, "offset": 0, "country_codes": ["US"]})
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


async def test_a_call_can_be_slow(stand_in: StandIn) -> None:
    """An outage without a code only delays."""
    access_token, _ = await stand_in.link()
    await stand_in.post(OUTAGES, path="/accounts/balance/get", delay=0.2)
    started = monotonic()
    await stand_in.post("/accounts/balance/get", access_token=access_token)
    assert monotonic() - started >= 0.2


async def test_an_unknown_code_cannot_be_ordered(stand_in: StandIn) -> None:
    """A typing error in a test is told at once and does not become a silent success."""
    assert await stand_in.refused(OUTAGES, error_code="ITEM_LOGIN_REQUIERD") == "INVALID_FIELD"
    assert await stand_in.refused(OUTAGES, item="x") == "UNKNOWN_FIELDS"
    assert await stand_in.refused(OUTAGES, path="/transactions/snyc") == "INVALID_FIELD"
    assert await stand_in.refused(OUTAGES, cut=True, gateway_error=True) == "INVALID_FIELD"


async def test_an_outage_can_begin_later(stand_in: StandIn) -> None:
    """It lets so many calls that it covers pass, and counts none that it does not cover."""
    access_token, _ = await stand_in.link()
    item = {"access_token": access_token}
    await stand_in.post(OUTAGES, path="/item/get", error_code="INTERNAL_SERVER_ERROR", after=2)
    await stand_in.post("/accounts/get", **item)
    codes = [(await stand_in.send("/item/get", item)).status_code for _ in range(4)]
    assert codes == [200, 200, 500, 200]


@pytest.mark.parametrize("calls", [None, "all"])
async def test_an_outage_can_last_until_it_is_cleared(stand_in: StandIn, calls: str | None) -> None:
    """Without a number of calls only clearing ends it."""
    access_token, _ = await stand_in.link()
    await stand_in.post(OUTAGES, path="/item/get", error_code="PLANNED_MAINTENANCE", calls=calls)
    for _ in range(5):
        assert await stand_in.refused("/item/get", access_token=access_token) == "PLANNED_MAINTENANCE"
    await stand_in.post(f"{OUTAGES}/clear")
    await stand_in.post("/item/get", access_token=access_token)


async def test_an_outage_can_last_its_time(stand_in: StandIn) -> None:
    """By the stand-in's clock, however many calls come."""
    access_token, _ = await stand_in.link()
    await stand_in.post(OUTAGES, path="/item/get", error_code="INSTITUTION_DOWN", for_seconds=600)
    for _ in range(3):
        assert await stand_in.refused("/item/get", access_token=access_token) == "INSTITUTION_DOWN"
    await stand_in.post("/sandbox_control/clock/advance", seconds=600)
    await stand_in.post("/item/get", access_token=access_token)
    assert (await stand_in.get(OUTAGES))["outages"] == []


@pytest.mark.parametrize("trouble", [{"error_code": "TRANSACTIONS_SYNC_LIMIT"}, {"gateway_error": True}])
async def test_an_error_can_say_when_to_come_again(stand_in: StandIn, trouble: dict[str, Any]) -> None:
    """Plaid's own error and the gateway's page carry the Retry-After that was ordered."""
    access_token, _ = await stand_in.link()
    await stand_in.post(OUTAGES, retry_after=7, **trouble)
    answer = await stand_in.send("/transactions/sync", {"access_token": access_token})
    assert (answer.status_code, answer.headers["Retry-After"]) in {(429, "7"), (502, "7")}


async def test_an_answer_can_break_off(stand_in: StandIn) -> None:
    """The connection ends in the middle of the answer, though the call was done."""
    made = await stand_in.post("/sandbox/public_token/create", institution_id=BANK, initial_products=["transactions"])
    await stand_in.post(OUTAGES, path="/item/public_token/exchange", cut=True)
    with pytest.raises(httpx2.RemoteProtocolError):
        await stand_in.send("/item/public_token/exchange", {"public_token": made["public_token"]})
    again = await stand_in.refused("/item/public_token/exchange", public_token=made["public_token"])
    assert again == "INVALID_PUBLIC_TOKEN"
