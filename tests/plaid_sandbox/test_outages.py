from time import monotonic

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
