"""A bank that is linked already: the way to repair it stands in the refusal, and what slips through is undone."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from common.plaid import PlaidClient
from link_api.domain.duplicates import KnownAccount
from link_api.store import accounts
from tests.link_api.world import World

EXCHANGE = "/api/plaid/exchange_public_token"


async def test_a_duplicate_bank_brings_a_token_that_repairs_what_is_linked(live: World) -> None:
    """The link token of the 409 opens update mode of the existing integration, for this user alone."""
    first = await live.linked()
    again = await live.link.succeed(await live.link_token())
    ready = (await live.post(EXCHANGE, {"public_token": again})).json()["update_mode"]
    assert ready["integration_id"] == first["id"]
    window = await live.link.plaid.get("/link/session", params={"link_token": ready["link_token"]})
    assert window.json()["mode"] == "update"
    assert (await live.post("/api/plaid/resume_link", {"state": ready["state"]})).json() == ready
    assert (await live.post("/api/plaid/resume_link", {"state": ready["state"]}, 2)).status_code == 404


async def test_a_duplicate_bank_is_told_also_without_that_token(live: World) -> None:
    """Plaid that gives no link token now does not hide that the bank is linked already."""
    first = await live.linked()
    again = await live.link.succeed(await live.link_token())
    await live.outage(error_code="INTERNAL_SERVER_ERROR", path="/link/token/create", calls="all")
    refused = await live.post(EXCHANGE, {"public_token": again})
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_bank")
    assert refused.json()["integration"]["id"] == first["id"]
    assert "update_mode" not in refused.json()


@pytest.mark.parametrize("allowed", [False, True])
async def test_of_two_links_of_one_bank_at_once_one_stays(
    live: World, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    """Neither was there when the other was looked for: the accounts tell afterwards, and one is removed at Plaid."""
    tokens = [await live.link.succeed(await live.link_token()) for _ in range(2)]
    both, exchanged, real = asyncio.Event(), [], PlaidClient.exchange_public_token

    async def exchange_together(self: PlaidClient, public_token: object) -> object:
        exchanged.append(public_token)
        if len(exchanged) == len(tokens):
            both.set()
        async with asyncio.timeout(20):
            await both.wait()
        return await real(self, public_token)  # type: ignore[arg-type]

    looked, look = [], accounts.known

    async def look_side_by_side(session: AsyncSession, user_id: int, institution_id: str) -> list[KnownAccount]:
        known = await look(session, user_id, institution_id)
        if both.is_set():
            looked.append(known)
            for _ in range(25):  # half a second for the other to look as well, which it must not before we are done
                if len(looked) == len(tokens):
                    break
                await asyncio.sleep(0.02)
        return known

    monkeypatch.setattr(PlaidClient, "exchange_public_token", exchange_together)
    monkeypatch.setattr(accounts, "known", look_side_by_side)
    bodies = [{"public_token": token, "allow_duplicate": allowed} for token in tokens]
    answers = await asyncio.gather(*(live.post(EXCHANGE, body) for body in bodies))
    rows = {row["id"]: row["status"] for row in await live.rows("SELECT id, status FROM plaid_integrations")}
    removals = await live.emitted("item.removal_requested")
    if allowed:
        assert ([answer.status_code for answer in answers], removals) == ([201, 201], [])
        assert set(rows.values()) == {"active"}
        return
    [won] = [answer.json() for answer in answers if answer.status_code == 201]
    [lost] = [answer.json() for answer in answers if answer.status_code != 201]
    assert (lost["code"], lost["integration"]["id"]) == ("duplicate_bank", won["id"])
    assert rows.pop(won["id"]) == "active"
    assert rows == {removals[0]["integration_id"]: "removing"}
    [used] = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code != 201]
    assert (await live.post(EXCHANGE, used)).json()["code"] == "public_token_foreign"
