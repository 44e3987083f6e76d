from datetime import timedelta
from decimal import Decimal

import pytest

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, StandIn


async def test_a_reset_login_breaks_the_item_and_tells(stand_in: StandIn, receiver: Receiver) -> None:
    """Data calls answer ITEM_LOGIN_REQUIRED, /item/get shows the error, ITEM/ERROR carries it with a status."""
    access_token, _ = await stand_in.linked(webhook=receiver.url)
    assert (await stand_in.post("/sandbox/item/reset_login", access_token=access_token))["reset_login"] is True
    for path in ("/transactions/sync", "/accounts/get", "/accounts/balance/get", "/transactions/refresh"):
        assert await stand_in.refused(path, access_token=access_token) == "ITEM_LOGIN_REQUIRED"
    seen = await stand_in.post("/item/get", access_token=access_token)
    assert seen["item"]["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    assert seen["status"]["transactions"]["last_failed_update"]
    await receiver.until(lambda: "ERROR" in receiver.codes)
    (error,) = receiver.of("ERROR")
    assert error["error"]["status"] == 400
    assert "request_id" not in error["error"]


async def test_items_need_their_user_after_thirty_days(stand_in: StandIn, receiver: Receiver) -> None:
    """A sandbox Item breaks by itself when it is 30 days old."""
    access_token, _ = await stand_in.linked(webhook=receiver.url)
    stand_in.sandbox.clock.advance(29 * 86400)
    await stand_in.post("/accounts/get", access_token=access_token)
    stand_in.sandbox.clock.advance(86400)
    assert await stand_in.refused("/accounts/get", access_token=access_token) == "ITEM_LOGIN_REQUIRED"
    await receiver.until(lambda: "ERROR" in receiver.codes)


async def test_ordered_transactions_arrive_like_a_refresh(stand_in: StandIn, receiver: Receiver) -> None:
    """On the checking account unless one is named, with the amount as it was sent, found by sync, told by webhook."""
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    await receiver.until(lambda: "HISTORICAL_UPDATE" in receiver.codes)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    today = stand_in.sandbox.clock.now().date()
    card = stand_in.sandbox.registry.by_access_token(access_token).book.slots["card"].account_id
    days = {"date_transacted": str(today - timedelta(days=700)), "date_posted": str(today - timedelta(days=699))}
    rows = [
        days | {"amount": 12.3456789, "description": "The Home Depot 4711"},
        days | {"amount": -80, "description": "Paper refund", "account_id": card, "iso_currency_code": "USD"},
    ]
    await stand_in.post("/sandbox/transactions/create", access_token=access_token, transactions=rows)
    (page,) = await stand_in.pages(access_token, cursor)
    first, second = page["added"]
    assert (first["amount"], first["merchant_name"]) == (Decimal("12.3456789"), "The Home Depot")
    assert (first["date"], first["authorized_date"]) == (days["date_posted"], days["date_transacted"])
    assert (second["account_id"], second["amount"]) == (card, Decimal(-80))
    assert (await stand_in.truth(item_id)).keys() >= {first["transaction_id"], second["transaction_id"]}
    await receiver.until(lambda: "DEFAULT_UPDATE" in receiver.codes)
    assert receiver.of("DEFAULT_UPDATE")[0]["new_transactions"] == 2


@pytest.mark.parametrize(("before", "after"), [(731, 0), (0, -1)])
async def test_ordered_transactions_lie_within_two_years_and_not_ahead(
    stand_in: StandIn, before: int, after: int
) -> None:
    """Dates older than 730 days or in the future are refused, and then none of the rows is there."""
    access_token, item_id = await stand_in.linked(days=30)
    today = stand_in.sandbox.clock.now().date()
    good = {"date_transacted": str(today), "date_posted": str(today), "amount": 1, "description": "x"}
    bad = good | {
        "date_transacted": str(today - timedelta(days=before)),
        "date_posted": str(today - timedelta(days=after)),
    }
    truth = await stand_in.truth(item_id)
    body = {"access_token": access_token, "transactions": [good, bad]}
    assert await stand_in.refused("/sandbox/transactions/create", **body) == "INVALID_FIELD"
    assert await stand_in.truth(item_id) == truth


async def test_ten_ordered_transactions_are_the_most(stand_in: StandIn) -> None:
    """The eleventh is too many, and a foreign account is none of this Item's."""
    access_token, _ = await stand_in.linked(days=30)
    today = str(stand_in.sandbox.clock.now().date())
    row = {"date_transacted": today, "date_posted": today, "amount": 1, "description": "x"}
    for rows, code in (
        ([row] * 11, "INVALID_FIELD"),
        ([], "INVALID_FIELD"),
        ([row | {"account_id": "nobody"}], "INVALID_ACCOUNT_ID"),
        ([row | {"iso_currency_code": "EUR"}], "INVALID_FIELD"),
    ):
        body = {"access_token": access_token, "transactions": rows}
        assert await stand_in.refused("/sandbox/transactions/create", **body) == code


async def test_a_webhook_can_be_fired_only_at_a_receiver(stand_in: StandIn) -> None:
    """Without an address it fails, and codes that Plaid cannot fire are refused."""
    access_token, _ = await stand_in.link()
    body = {"access_token": access_token, "webhook_code": "SYNC_UPDATES_AVAILABLE"}
    assert await stand_in.refused("/sandbox/item/fire_webhook", **body) == "SANDBOX_WEBHOOK_INVALID"
    body["webhook_code"] = "PENDING_EXPIRATION"
    assert await stand_in.refused("/sandbox/item/fire_webhook", **body) == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("institution", "username", "password", "code"),
    [
        (BANK, "user_good", "wrong", "INVALID_CREDENTIALS"),
        (BANK, "nobody", "pass_good", "INVALID_CREDENTIALS"),
        (BANK, "user_household", " ", "INVALID_CREDENTIALS"),
        (BANK, "error_ITEM_LOCKED", "x", "ITEM_LOCKED"),
        (BANK, "user_good", "error_USER_SETUP_REQUIRED", "USER_SETUP_REQUIRED"),
        ("ins_132361", "user_good", "pass_good", "INSTITUTION_DOWN"),
        ("ins_133402", "user_good", "pass_good", "INSTITUTION_NO_LONGER_SUPPORTED"),
        ("ins_0", "user_good", "pass_good", "INVALID_INSTITUTION"),
    ],
)
async def test_only_test_users_log_in(
    stand_in: StandIn, institution: str, username: str, password: str, code: str
) -> None:
    """Wrong credentials, forced errors and banks that are down fail without an Item."""
    options = {"override_username": username, "override_password": password}
    body = {"institution_id": institution, "initial_products": ["transactions"], "options": options}
    assert await stand_in.refused("/sandbox/public_token/create", **body) == code
    assert list(stand_in.sandbox.registry) == []
