import pytest
from starlette.applications import Starlette

from tests.link_api.world import Json, World, world

REFRESH = "/transactions/refresh"


async def asked(live: World) -> int:
    """Return how often the bank was asked."""
    rows = await live.rows(
        "SELECT coalesce(sum(calls), 0) AS n FROM plaid_api_usage WHERE endpoint = :path", path=REFRESH
    )
    return int(rows[0]["n"])


async def rung(live: World) -> list[str]:
    return [event["trigger"] for event in await live.emitted("item.sync_requested")]


async def refresh(live: World, integration: Json, user_id: int = 1) -> tuple[int, Json]:
    answer = await live.post(f"/api/plaid/integrations/{integration['id']}/sync", {"refresh": True}, user_id)
    return answer.status_code, answer.json()


async def test_a_refresh_asks_the_bank_and_reads_what_plaid_has(live: World) -> None:
    """One call of Plaid's, and the doorbell; a plain sync rings alone."""
    integration = await live.linked()
    assert await refresh(live, integration) == (202, {"status": "requested"})
    assert (await asked(live), await rung(live)) == (1, ["linked", "manual"])
    for body in (None, {"refresh": False}):
        assert (await live.post(f"/api/plaid/integrations/{integration['id']}/sync", body)).status_code == 202
    assert (await asked(live), await rung(live)) == (1, ["linked", "manual", "manual", "manual"])


async def test_a_refresh_stays_within_plaids_limit_of_the_item(live: World) -> None:
    """Two a minute and item, evenly: one that follows at once is not sent, and its user hears to try again."""
    integration = await live.linked()
    (status, _), (later, problem) = [await refresh(live, integration) for _ in range(2)]
    assert (status, later) == (202, 503)
    assert (problem["code"], problem["retryable"]) == ("over_budget", True)
    assert (await asked(live), await rung(live)) == (1, ["linked", "manual"])


@pytest.mark.parametrize("code", ["INVALID_PRODUCT", "PRODUCT_NOT_ENABLED", "PRODUCTS_NOT_SUPPORTED"])
async def test_an_add_on_that_is_not_to_be_had_is_told_plainly(live: World, code: str) -> None:
    """Nothing is wrong with the bank: its transactions come by themselves, and asking again is of no use."""
    integration = await live.linked()
    await live.outage(error_code=code, path=REFRESH)
    status, problem = await refresh(live, integration)
    assert (status, problem["code"], problem["retryable"]) == (409, "refresh_unavailable", False)
    assert "by themselves" in problem["detail"]
    assert await rung(live) == ["linked"]


@pytest.mark.parametrize(
    ("code", "status", "retryable"),
    [("ITEM_LOGIN_REQUIRED", 422, False), ("INSTITUTION_NOT_RESPONDING", 503, True), ("ITEM_NOT_FOUND", 410, False)],
)
async def test_what_the_bank_wants_is_told_with_a_next_step(
    live: World, code: str, status: int, retryable: bool
) -> None:
    """Plaid's code, its request_id, and what the user can do."""
    integration = await live.linked()
    await live.outage(error_code=code, path=REFRESH)
    answered, problem = await refresh(live, integration)
    assert (answered, problem["code"], problem["retryable"]) == (status, code.lower(), retryable)
    assert problem["plaid"]["request_id"]
    assert problem["next_step"].endswith(".")


async def test_nobody_refreshes_another_users_bank(live: World) -> None:
    """404, and the bank is not asked; no more is one that is disconnected."""
    integration = await live.linked()
    assert (await refresh(live, integration, 2))[0] == 404
    await live.delete(f"/api/plaid/integrations/{integration['id']}")
    assert (await refresh(live, integration))[1]["code"] == "disconnected"
    assert await asked(live) == 0


async def test_a_plaid_that_does_not_answer_is_no_refresh(database_url: str, sandbox: Starlette) -> None:
    """A lost answer is a retryable 502."""
    async with world(database_url, sandbox) as live:
        integration = await live.linked()
        await live.outage(cut=True, path=REFRESH)
        status, problem = await refresh(live, integration)
        assert (status, problem["retryable"], problem["code"]) == (502, True, "plaid_unreachable")
