from typing import Any

import pytest

from plaid_sandbox.institutions import INSTITUTIONS
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, StandIn

CREATE: dict[str, Any] = {
    "client_name": "CORA",
    "language": "en",
    "country_codes": ["US"],
    "user": {"client_user_id": "7"},
}


async def test_a_public_token_is_good_for_one_exchange_within_thirty_minutes(stand_in: StandIn) -> None:
    """The second exchange fails, and so does one that comes too late."""
    body = {"institution_id": BANK, "initial_products": ["transactions"]}
    tokens = [(await stand_in.post("/sandbox/public_token/create", **body))["public_token"] for _ in range(2)]
    await stand_in.post("/item/public_token/exchange", public_token=tokens[0])
    assert await stand_in.refused("/item/public_token/exchange", public_token=tokens[0]) == "INVALID_PUBLIC_TOKEN"
    stand_in.sandbox.clock.advance(30 * 60)
    assert await stand_in.refused("/item/public_token/exchange", public_token=tokens[1]) == "INVALID_PUBLIC_TOKEN"


async def test_the_same_user_twice_is_two_items_of_one_bank_account(stand_in: StandIn) -> None:
    """Ids share nothing, masks and names are the same: how a duplicate can be told."""
    seen = []
    for _ in range(2):
        access_token, item_id = await stand_in.linked(days=30)
        accounts = (await stand_in.post("/accounts/get", access_token=access_token))["accounts"]
        ids = {account["account_id"] for account in accounts} | set(await stand_in.truth(item_id))
        seen.append((ids, [(account["name"], account["mask"]) for account in accounts]))
    assert not seen[0][0] & seen[1][0]
    assert seen[0][1] == seen[1][1]


async def test_a_removed_item_is_not_found_and_silent(stand_in: StandIn, receiver: Receiver) -> None:
    """Its token is dead at once, a second removal fails, and no webhook comes any more."""
    access_token, _ = await stand_in.linked(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    item = stand_in.sandbox.registry.by_access_token(access_token)
    await stand_in.post("/item/remove", access_token=access_token, reason_code="OTHER")
    sent = len(stand_in.sandbox.courier.deliveries)
    stand_in.sandbox.feed.refresh(item)
    for path in ("/item/remove", "/item/get", "/transactions/sync"):
        assert await stand_in.refused(path, access_token=access_token) == "ITEM_NOT_FOUND"
    await stand_in.linked()
    assert len(stand_in.sandbox.courier.deliveries) == sent


async def test_a_new_webhook_address_is_acknowledged_there(stand_in: StandIn, receiver: Receiver) -> None:
    """The new receiver is told, /item/get names it and the last webhook; null clears it."""
    access_token, item_id = await stand_in.linked()
    await stand_in.post("/item/webhook/update", access_token=access_token, webhook=receiver.url)
    await receiver.until(lambda: receiver.codes == ["WEBHOOK_UPDATE_ACKNOWLEDGED"])
    assert receiver.received[0].payload["new_webhook_url"] == receiver.url
    assert receiver.received[0].payload["item_id"] == item_id
    seen = await stand_in.post("/item/get", access_token=access_token)
    assert seen["item"]["webhook"] == receiver.url
    assert seen["status"]["last_webhook"]["code_sent"] == "WEBHOOK_UPDATE_ACKNOWLEDGED"
    assert seen["status"]["transactions"]["last_successful_update"]
    cleared = await stand_in.post("/item/webhook/update", access_token=access_token, webhook=None)
    assert cleared["item"]["webhook"] is None


async def test_accounts_can_be_picked(stand_in: StandIn) -> None:
    """By id; an id of another Item is refused."""
    access_token, _ = await stand_in.link()
    accounts = (await stand_in.post("/accounts/get", access_token=access_token))["accounts"]
    wanted = {"account_ids": [accounts[1]["account_id"]]}
    picked = await stand_in.post("/accounts/balance/get", access_token=access_token, options=wanted)
    assert picked["accounts"] == [accounts[1]]
    foreign = {"account_ids": ["nobody"]}
    code = await stand_in.refused("/accounts/get", access_token=access_token, options=foreign)
    assert code == "INVALID_ACCOUNT_ID"


async def test_institutions_are_listed_and_shown(stand_in: StandIn) -> None:
    """All of them in stretches, filtered by country and OAuth; the one that is down says so."""
    asked = {"count": 500, "offset": 0, "country_codes": ["US"]}
    everything = await stand_in.post("/institutions/get", **asked)
    assert [one["institution_id"] for one in everything["institutions"]] == list(INSTITUTIONS)
    oauth = await stand_in.post("/institutions/get", **asked, options={"oauth": True})
    assert [one["institution_id"] for one in oauth["institutions"]] == ["ins_127287"]
    assert (await stand_in.post("/institutions/get", **{**asked, "country_codes": ["GB"]}))["total"] == 0
    down = await stand_in.post(
        "/institutions/get_by_id",
        institution_id="ins_132361",
        country_codes=["US"],
        options={"include_status": True},
    )
    assert down["institution"]["status"]["item_logins"]["status"] == "DOWN"


async def test_consent_ends_where_banks_end_it(stand_in: StandIn) -> None:
    """An OAuth bank's Item says when; another bank's says null."""
    for bank, ends in (("ins_127287", True), (BANK, False)):
        body = {"institution_id": bank, "initial_products": ["transactions"]}
        made = await stand_in.post("/sandbox/public_token/create", **body)
        linked = await stand_in.post("/item/public_token/exchange", public_token=made["public_token"])
        item = (await stand_in.post("/item/get", access_token=linked["access_token"]))["item"]
        assert (item["consent_expiration_time"] is not None) == ends


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "INVALID_FIELD"),
        ({"products": ["transactions"], "user": None}, "MISSING_FIELDS"),
        ({"products": ["transactions"], "webhook": "mailto:x@example.com"}, "INVALID_FIELD"),
        ({"products": ["transactions"], "webhook": "http://[half"}, "INVALID_FIELD"),
        ({"products": ["transactions"], "webhook": "https://"}, "INVALID_FIELD"),
        ({"products": ["transactions"], "redirect_uri": "http://localhost.example/back"}, "INVALID_FIELD"),
        ({"products": ["transactions"], "redirect_uri": "javascript:x"}, "INVALID_FIELD"),
    ],
)
async def test_a_link_token_needs_products_and_a_user(stand_in: StandIn, more: dict[str, Any], code: str) -> None:
    """Outside update mode at least one product, always a user, and a webhook that is a web address."""
    assert await stand_in.refused("/link/token/create", **(CREATE | more)) == code


async def test_update_mode_takes_no_products(stand_in: StandIn) -> None:
    """With an access token the products are settled; the token lives 30 minutes instead of four hours."""
    access_token, _ = await stand_in.link()
    body = CREATE | {"access_token": access_token}
    assert await stand_in.refused("/link/token/create", **body, products=["transactions"]) == "INVALID_FIELD"
    made = await stand_in.post("/link/token/create", **body)
    stand_in.sandbox.clock.advance(30 * 60)
    answer = await stand_in.http.get("/link/session", params={"link_token": made["link_token"]})
    assert answer.json()["error_code"] == "INVALID_LINK_TOKEN"
