import asyncio
from typing import Any

import pytest

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, StandIn, eventually

REDIRECT = "https://app.example/oauth-return"


async def link_token(stand_in: StandIn, **more: Any) -> dict[str, str]:
    """Make a link token and return it as a request's part."""
    asked = {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}
    products = {} if "access_token" in more else {"products": ["transactions"]}
    made = await stand_in.post("/link/token/create", **asked, **products, **more)
    return {"link_token": made["link_token"]}


async def sign_in(stand_in: StandIn, token: dict[str, str], username: str = "user_good") -> Any:
    """Log in at First Platypus Bank."""
    login = {"institution_id": BANK, "username": username, "password": "pass_good"}
    return await stand_in.post("/link/session/authenticate", **token, **login)


async def complete(stand_in: StandIn, token: dict[str, str], session: Any, ids: list[str] | None = None) -> Any:
    """Choose accounts, all unless named, and end the session."""
    chosen = ids or [account["id"] for account in session["accounts"]]
    body = {"auth_session": session["auth_session"], "account_ids": chosen}
    return await stand_in.post("/link/session/complete", **token, **body)


async def test_the_window_learns_what_to_show(stand_in: StandIn) -> None:
    """Client, banks of the country, and no bank yet; any origin may ask."""
    token = await link_token(stand_in, redirect_uri=REDIRECT)
    answer = await stand_in.http.get("/link/session", params=token, headers={"Origin": "https://page.example"})
    shown = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (shown["mode"], shown["client_name"], shown["institution"]) == ("new", "CORA", None)
    assert (shown["redirect_uri"], shown["account_selection_enabled"]) == (REDIRECT, True)
    assert {"institution_id", "name", "oauth", "primary_color"} <= shown["institutions"][0].keys()


async def test_only_chosen_accounts_belong_to_the_item(stand_in: StandIn) -> None:
    """Neither /accounts/get nor sync nor the truth knows the others, and the ids are those of the window."""
    token = await link_token(stand_in)
    session = await sign_in(stand_in, token)
    chosen = session["accounts"][2]
    linked = await complete(stand_in, token, session, [chosen["id"]])
    assert [account["id"] for account in linked["metadata"]["accounts"]] == [chosen["id"]]
    exchanged = await stand_in.post("/item/public_token/exchange", public_token=linked["public_token"])
    access_token = exchanged["access_token"]
    await eventually(lambda: stand_in.is_complete(access_token))
    accounts = (await stand_in.post("/accounts/get", access_token=access_token))["accounts"]
    rows = [row for page in await stand_in.pages(access_token) for row in page["added"]]
    assert [account["account_id"] for account in accounts] == [chosen["id"]]
    assert {row["account_id"] for row in rows} == {chosen["id"]}
    assert (await stand_in.truth(exchanged["item_id"])).keys() == {row["transaction_id"] for row in rows}


async def test_a_login_is_used_once(stand_in: StandIn) -> None:
    """Two answers to one choice of accounts make one Item, even when they come at the same time."""
    token = await link_token(stand_in)
    session = await sign_in(stand_in, token)
    body = {"auth_session": session["auth_session"], "account_ids": [session["accounts"][0]["id"]]}
    answers = await asyncio.gather(*(stand_in.send("/link/session/complete", token | body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert len(list(stand_in.sandbox.registry)) == 1


async def test_foreign_logins_and_accounts_are_refused(stand_in: StandIn) -> None:
    """A login belongs to its link token, an account to its login, and none at all is no choice."""
    token, other = await link_token(stand_in), await link_token(stand_in)
    session = await sign_in(stand_in, token)
    good = {"auth_session": session["auth_session"], "account_ids": [session["accounts"][0]["id"]]}
    assert await stand_in.refused("/link/session/complete", **other, **good) == "INVALID_FIELD"
    for ids, code in ((["nobody"], "INVALID_ACCOUNT_ID"), ([], "INVALID_FIELD")):
        assert await stand_in.refused("/link/session/complete", **token, **(good | {"account_ids": ids})) == code


async def test_account_filters_hide_accounts(stand_in: StandIn) -> None:
    """Types that are not listed are hidden; where all are, the login fails with NO_ACCOUNTS."""
    token = await link_token(stand_in, account_filters={"depository": {"account_subtypes": ["savings"]}})
    assert [one["subtype"] for one in (await sign_in(stand_in, token))["accounts"]] == ["savings"]
    token = await link_token(stand_in, account_filters={"loan": {"account_subtypes": ["all"]}})
    login = {"institution_id": BANK, "username": "user_good", "password": "pass_good"}
    assert await stand_in.refused("/link/session/authenticate", **token, **login) == "NO_ACCOUNTS"


async def test_the_service_reads_what_happened_in_the_window(stand_in: StandIn) -> None:
    """/link/token/get keeps events, exits and successes by session; a window opened again is a new session."""
    token = await link_token(stand_in)
    await stand_in.get("/link/session", **token)
    await stand_in.post("/link/session/event", **token, event_name="OPEN", metadata={"view_name": "CONSENT", "n": 1})
    left = {"error": {"error_code": "INVALID_CREDENTIALS"}, "metadata": {"status": "requires_credentials"}}
    await stand_in.post("/link/session/exit", **token, **left)
    await stand_in.post("/link/session/event", **token, event_name="OPEN")
    linked = await complete(stand_in, token, await sign_in(stand_in, token))
    await stand_in.post("/link/session/event", **token, event_name="HANDOFF")
    await stand_in.post("/link/session/exit", **token, error=None)
    first, second = (await stand_in.post("/link/token/get", **token))["link_sessions"]
    assert [event["event_name"] for event in first["events"]] == ["OPEN"]
    assert first["events"][0]["event_metadata"] == {"view_name": "CONSENT"}
    assert first["exit"] == first["on_exit"] == left
    assert "results" not in first
    assert [event["event_name"] for event in second["events"]] == ["OPEN", "HANDOFF"]
    assert second["results"]["item_add_results"][0]["public_token"] == linked["public_token"]
    assert second["on_success"]["metadata"] == linked["metadata"]
    assert "exit" not in second
    assert first["link_session_id"] != second["link_session_id"] == linked["metadata"]["link_session_id"]


@pytest.mark.parametrize("path", ["/link/session/authenticate", "/link/session/event", "/link/session/exit"])
async def test_an_unknown_link_token_opens_nothing(stand_in: StandIn, path: str) -> None:
    """Every door asks for the token."""
    more = {
        "/link/session/authenticate": {"institution_id": BANK, "username": "user_good", "password": "x"},
        "/link/session/event": {"event_name": "OPEN"},
        "/link/session/exit": {},
    }[path]
    assert await stand_in.refused(path, link_token="link-sandbox-x", **more) == "INVALID_LINK_TOKEN"
    answer = await stand_in.http.get("/link/session")
    assert answer.json()["error_code"] == "INVALID_LINK_TOKEN"


async def test_update_mode_repairs_the_item(stand_in: StandIn, receiver: Receiver) -> None:
    """Same bank, same user: the error is gone, the ids stay, nothing is exchanged; another user is refused."""
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    truth = await stand_in.truth(item_id)
    await stand_in.post("/sandbox/item/reset_login", access_token=access_token)
    token = await link_token(stand_in, access_token=access_token)
    shown = await stand_in.get("/link/session", **token)
    assert (shown["mode"], shown["institution"]["institution_id"]) == ("update", BANK)
    assert shown["account_selection_enabled"] is False
    other = {"institution_id": BANK, "username": "user_household", "password": "x"}
    assert await stand_in.refused("/link/session/authenticate", **token, **other) == "INVALID_UPDATED_USERNAME"
    elsewhere = {"institution_id": "ins_109511", "username": "user_good", "password": "pass_good"}
    assert await stand_in.refused("/link/session/authenticate", **token, **elsewhere) == "INVALID_INSTITUTION"
    await complete(stand_in, token, await sign_in(stand_in, token))
    item = (await stand_in.post("/item/get", access_token=access_token))["item"]
    assert (item["error"], item["item_id"]) == (None, item_id)
    assert await stand_in.truth(item_id) == truth


async def test_accounts_can_be_chosen_again(stand_in: StandIn) -> None:
    """Update mode with account selection adds an account with its history and drops another from view."""
    token = await link_token(stand_in, transactions={"days_requested": 60})
    session = await sign_in(stand_in, token)
    checking, _, card = (account["id"] for account in session["accounts"])
    linked = await complete(stand_in, token, session, [checking])
    exchanged = await stand_in.post("/item/public_token/exchange", public_token=linked["public_token"])
    access_token = exchanged["access_token"]
    await eventually(lambda: stand_in.is_complete(access_token))
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    again = await link_token(stand_in, access_token=access_token, update={"account_selection_enabled": True})
    await complete(stand_in, again, await sign_in(stand_in, again), [card])
    pages = await stand_in.pages(access_token, cursor)
    assert {row["account_id"] for page in pages for row in page["added"]} == {card}
    assert all(page["removed"] == [] for page in pages)
    accounts = (await stand_in.post("/accounts/get", access_token=access_token))["accounts"]
    assert [account["account_id"] for account in accounts] == [card]
