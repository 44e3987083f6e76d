from typing import Any

from plaid_sandbox.limits import FIRST_PAGES
from tests.plaid_sandbox.running import StandIn

LIMITS = "/sandbox_control/rate_limits"
SYNC = "/transactions/sync"


async def statuses(stand_in: StandIn, access_token: str, calls: int) -> list[int]:
    """Call sync so many times and return what it answered."""
    body = {"access_token": access_token}
    return [(await stand_in.send(SYNC, body)).status_code for _ in range(calls)]


async def test_limits_come_and_go_while_it_runs(stand_in: StandIn) -> None:
    """What was called before does not count; 429s carry Retry-After; a window passes by the stand-in's clock."""
    access_token, _ = await stand_in.linked(days=30)
    assert await statuses(stand_in, access_token, 3) == [200] * 3
    await stand_in.post(LIMITS, overrides={SYNC: {"item": 2}}, retry_after=30)
    assert await statuses(stand_in, access_token, 3) == [200, 200, 429]
    answer = await stand_in.send(SYNC, {"access_token": access_token})
    assert answer.headers["Retry-After"] == "30"
    assert answer.json()["error_code"] == "TRANSACTIONS_SYNC_LIMIT"
    await stand_in.post("/sandbox_control/clock/advance", seconds=60)
    assert await statuses(stand_in, access_token, 1) == [200]
    await stand_in.post(LIMITS)
    assert await statuses(stand_in, access_token, 5) == [200] * 5


async def test_an_override_replaces_one_side_of_the_table(stand_in: StandIn) -> None:
    """Hours and days too; the other side, and all other paths, stay as Plaid has them."""
    access_token, _ = await stand_in.linked(days=30)
    overrides: dict[str, Any] = {"/item/get": {"item": {"hour": 20}}, FIRST_PAGES: {"client": 1}}
    await stand_in.post(LIMITS, table="production", overrides=overrides)
    codes = [(await stand_in.send("/item/get", {"access_token": access_token})).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]
    assert await statuses(stand_in, access_token, 2) == [200, 429]
    codes = [(await stand_in.send("/accounts/get", {"access_token": access_token})).status_code for _ in range(16)]
    assert codes == [200] * 15 + [429]


async def test_calls_are_counted_by_path(stand_in: StandIn) -> None:
    """What was let through and what was refused, with limits and without."""
    access_token, _ = await stand_in.link(days=30)
    await statuses(stand_in, access_token, 2)
    await stand_in.post(LIMITS, overrides={SYNC: {"client": 1}})
    await statuses(stand_in, access_token, 4)
    counts = (await stand_in.get(LIMITS))["counts"]
    assert counts[SYNC] == {"calls": 3, "refused": 3}
    assert counts[FIRST_PAGES] == {"calls": 3, "refused": 0}


async def test_what_has_no_limit_cannot_be_limited(stand_in: StandIn) -> None:
    """A misspelt path, table or window is told at once."""
    assert await stand_in.refused(LIMITS, overrides={"/transactions/snyc": {"item": 1}}) == "INVALID_FIELD"
    assert await stand_in.refused(LIMITS, overrides={SYNC: {"itme": 1}}) == "UNKNOWN_FIELDS"
    assert await stand_in.refused(LIMITS, table="strict") == "INVALID_FIELD"
