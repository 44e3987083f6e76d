import pytest

from tests.plaid_sandbox.routes.test_link import REDIRECT, complete, link_token
from tests.plaid_sandbox.running import BANK, StandIn

OAUTH_BANK = "ins_127287"


async def test_the_window_waits_until_the_bank_was_told_yes(stand_in: StandIn) -> None:
    """Before the consent nothing may be chosen; after it the accounts are there, and the session ends as any."""
    token = await link_token(stand_in)
    begun = await stand_in.post("/link/oauth/start", **token, institution_id=OAUTH_BANK)
    state = {"oauth_state_id": begun["oauth_state_id"]}
    before = await stand_in.get("/link/oauth/status", **token, **state)
    assert (before["approved"], before["accounts"]) == (False, [])
    ids = ["whatever"]
    early = {"auth_session": begun["auth_session"], "account_ids": ids}
    assert await stand_in.refused("/link/session/complete", **token, **early) == "ACCESS_NOT_GRANTED"
    approved = await stand_in.post("/link/oauth/approve", auth_session=begun["auth_session"])
    assert approved["redirect_to"] is None
    after = await stand_in.get("/link/oauth/status", **token, **state)
    assert after["approved"]
    assert after["institution"]["institution_id"] == OAUTH_BANK
    linked = await complete(stand_in, token, after)
    assert linked["metadata"]["institution"]["institution_id"] == OAUTH_BANK


async def test_a_redirect_comes_back_to_the_same_session(stand_in: StandIn) -> None:
    """The bank sends the user to the redirect address with the state id, and the window goes on where it was."""
    token = await link_token(stand_in, redirect_uri=REDIRECT)
    session_id = (await stand_in.get("/link/session", **token))["link_session_id"]
    begun = await stand_in.post("/link/oauth/start", **token, institution_id=OAUTH_BANK)
    back = (await stand_in.post("/link/oauth/approve", auth_session=begun["auth_session"]))["redirect_to"]
    assert back == f"{REDIRECT}?oauth_state_id={begun['oauth_state_id']}"
    assert (await stand_in.get("/link/session", **token))["link_session_id"] == session_id


async def test_the_banks_page_is_where_the_window_sends_people(stand_in: StandIn) -> None:
    """An address relative to Link's page, which only the browser knows where it is; a page answers there."""
    token = await link_token(stand_in)
    begun = await stand_in.post("/link/oauth/start", **token, institution_id=OAUTH_BANK)
    assert begun["url"].startswith("oauth/authorize?auth_session=")
    assert (await stand_in.http.get(f"/link/{begun['url']}")).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("institution", [BANK, "ins_0"])
async def test_only_an_oauth_bank_has_such_a_page(stand_in: StandIn, institution: str) -> None:
    """At other banks one signs in with a password."""
    token = await link_token(stand_in)
    code = await stand_in.refused("/link/oauth/start", **token, institution_id=institution)
    assert code == "INVALID_INSTITUTION"


async def test_an_unknown_state_is_not_found(stand_in: StandIn) -> None:
    """Neither the window nor the bank's page gets anywhere with an id that was never given out."""
    token = await link_token(stand_in)
    assert await stand_in.refused("/link/oauth/approve", auth_session="x") == "OAUTH_STATE_ID_NOT_FOUND"
    answer = await stand_in.http.get("/link/oauth/status", params=token | {"oauth_state_id": "x"})
    assert (answer.status_code, answer.json()["error_code"]) == (404, "OAUTH_STATE_ID_NOT_FOUND")


async def test_update_mode_works_at_the_banks_page_too(stand_in: StandIn) -> None:
    """The Item of an OAuth bank is repaired by a consent; its consent runs anew."""
    body = {"institution_id": OAUTH_BANK, "initial_products": ["transactions"]}
    made = await stand_in.post("/sandbox/public_token/create", **body)
    linked = await stand_in.post("/item/public_token/exchange", public_token=made["public_token"])
    access_token = {"access_token": linked["access_token"]}
    before = (await stand_in.post("/item/get", **access_token))["item"]["consent_expiration_time"]
    stand_in.sandbox.clock.advance(86400)
    await stand_in.post("/sandbox/item/reset_login", **access_token)
    token = await link_token(stand_in, **access_token)
    begun = await stand_in.post("/link/oauth/start", **token, institution_id=OAUTH_BANK)
    await stand_in.post("/link/oauth/approve", auth_session=begun["auth_session"])
    status = await stand_in.get("/link/oauth/status", **token, oauth_state_id=begun["oauth_state_id"])
    await complete(stand_in, token, status)
    item = (await stand_in.post("/item/get", **access_token))["item"]
    assert item["error"] is None
    assert item["consent_expiration_time"] > before
