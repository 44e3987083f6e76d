"""Ways into a Link session: by whom it can go on, and what a user may choose for it."""

from typing import Any

import pytest
from starlette.applications import Starlette

from tests.link_api.world import World, world

CREATE = "/api/plaid/create_link_token"
RESUME = "/api/plaid/resume_link"
EXCHANGE = "/api/plaid/exchange_public_token"
OAUTH_BANK = "ins_127287"
RETURN = "http://127.0.0.1:8000/oauth-return"
Json = dict[str, Any]


async def opened(live: World, user_id: int = 1, **body: object) -> Json:
    answer = await live.post(CREATE, body, user_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ask(live: World, step: str, **body: object) -> Json:
    answer = await live.link.plaid.post(f"/link/{step}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def through_the_bank(live: World, begun: Json) -> str:
    """Leave for the bank's page, consent, come back, find the session again; return the public token."""
    started = await ask(live, "oauth/start", link_token=begun["link_token"], institution_id=OAUTH_BANK)
    back = await ask(live, "oauth/approve", auth_session=started["auth_session"])
    assert back["redirect_to"] == f"{RETURN}?oauth_state_id={started['oauth_state_id']}"
    resumed = (await live.post(RESUME, {"state": begun["state"]})).json()
    assert resumed == begun
    query = {"link_token": resumed["link_token"], "oauth_state_id": started["oauth_state_id"]}
    status = (await live.link.plaid.get("/link/oauth/status", params=query)).json()
    completed = await ask(
        live,
        "session/complete",
        link_token=resumed["link_token"],
        auth_session=status["auth_session"],
        account_ids=[account["id"] for account in status["accounts"]],
    )
    return str(completed["public_token"])


async def test_the_oauth_round_trip_links_and_repairs(database_url: str, sandbox: Starlette) -> None:
    """The same link token goes on after the bank's page, for a new bank and in update mode; then it is over."""
    async with world(database_url, sandbox, plaid_redirect_uri=RETURN) as live:
        begun = await opened(live)
        public_token = await through_the_bank(live, begun)
        integration = (await live.post(EXCHANGE, {"public_token": public_token})).json()
        assert integration["institution"]["id"] == OAUTH_BANK
        assert (await live.post(RESUME, {"state": begun["state"]})).status_code == 404
        repair = await opened(live, integration_id=integration["id"])
        await through_the_bank(live, repair)
        assert (await live.post(f"/api/plaid/integrations/{integration['id']}/repaired")).status_code == 202
        assert (await live.post(RESUME, {"state": repair["state"]})).status_code == 404


async def test_nobody_else_goes_on_with_a_link_session(live: World) -> None:
    """Another user with the right state, and this user with a wrong one, find nothing: 404 for both."""
    begun = await opened(live)
    other = await opened(live, 2)
    assert begun["state"] != other["state"]
    for state, user_id in [(begun["state"], 2), (other["state"], 1), (begun["state"][:-1], 1), ("x", 1), ("\x00", 1)]:
        answer = await live.post(RESUME, {"state": state}, user_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await live.post(RESUME, {"state": begun["state"]})).json()["link_token"] == begun["link_token"]


async def test_an_expired_link_token_is_not_given_again(live: World) -> None:
    """Link would refuse it."""
    begun = await opened(live)
    await live.change("UPDATE link_sessions SET expires_at = now()")
    assert (await live.post(RESUME, {"state": begun["state"]})).status_code == 404


async def test_the_state_is_not_kept(live: World) -> None:
    """Whoever reads the database cannot go on with anybody's Link session."""
    begun = await opened(live)
    [row] = await live.rows("SELECT link_sessions::text AS all FROM link_sessions")
    assert begun["state"] not in row["all"]
    assert begun["link_token"] not in row["all"]


async def test_update_mode_may_let_the_user_choose_accounts_anew(live: World) -> None:
    """`account_selection_enabled` opens Link's account selection; plain update mode does not."""
    integration = await live.linked()
    for selects in (True, False):
        begun = await opened(live, integration_id=integration["id"], account_selection_enabled=selects)
        assert begun["integration_id"] == integration["id"]
        window = (await live.link.plaid.get("/link/session", params={"link_token": begun["link_token"]})).json()
        assert (window["mode"], window["account_selection_enabled"]) == ("update", selects)


async def test_accounts_are_chosen_anew_only_in_update_mode(live: World) -> None:
    """A new bank always lets its user choose."""
    answer = await live.post(CREATE, {"account_selection_enabled": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_user_may_choose_language_and_country(database_url: str, sandbox: Starlette) -> None:
    """Any language of Plaid's; of the countries those that the deployment serves; without a choice its settings."""
    async with world(database_url, sandbox, plaid_country_codes="US,CA", plaid_language="fr") as live:
        chosen: Json = {"language": "es", "country_codes": ["CA"]}
        for body, language, countries in [({}, "fr", ["US", "CA"]), (chosen, "es", ["CA"])]:
            token = (await opened(live, **body))["link_token"]
            sent = {"link_token": token, "client_id": "c", "secret": "s"}
            terms = (await live.link.plaid.post("/link/token/get", json=sent)).json()["metadata"]
            assert (terms["language"], terms["country_codes"]) == (language, countries)
        answer = await live.post(CREATE, {"country_codes": ["CA", "GB"]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "country_codes")
        assert "US, CA" in answer.json()["detail"]


@pytest.mark.parametrize("wrong", [{"language": "xx"}, {"country_codes": []}, {"country_codes": ["USA"]}])
async def test_what_plaid_does_not_know_is_refused_here(shared: World, wrong: Json) -> None:
    """Plaid is not asked for what it would refuse."""
    answer = await shared.post(CREATE, wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_repaired_ends_every_update_mode_of_this_bank_and_no_other(live: World) -> None:
    """The latest counts as repaired, all are over; another bank's and another user's go on."""
    mine, other, theirs = await live.linked(), await live.linked(institution_id="ins_109509"), await live.linked(2)
    old, new = [await opened(live, integration_id=mine["id"]) for _ in range(2)]
    untouched = [
        (await opened(live, integration_id=other["id"]), 1),
        (await opened(live, 2, integration_id=theirs["id"]), 2),
    ]
    await live.post(f"/api/plaid/integrations/{mine['id']}/repaired")
    for begun in (old, new):
        assert (await live.post(RESUME, {"state": begun["state"]})).status_code == 404
    for begun, user_id in untouched:
        assert (await live.post(RESUME, {"state": begun["state"]}, user_id)).status_code == 200
    ended = await live.rows("SELECT integration_id FROM link_sessions WHERE outcome = 'repaired'")
    assert [row["integration_id"] for row in ended] == [mine["id"]]
