from decimal import Decimal

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import StandIn


async def test_one_line_makes_one_transaction_and_rings(stand_in: StandIn, receiver: Receiver) -> None:
    """A posted or pending row of today on the checking account, found by the next sync."""
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    await receiver.until(lambda: receiver.codes.count("SYNC_UPDATES_AVAILABLE") == 2)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    path = f"/sandbox_control/items/{item_id}/transactions"
    posted = await stand_in.post(path, amount=12.34)
    pending = await stand_in.post(path, amount=5, name="Corner shop", pending=True)
    assert (posted["modified"], posted["removed"], len(posted["added"])) == ([], [], 1)
    (page,) = await stand_in.pages(access_token, cursor)
    assert [row["transaction_id"] for row in page["added"]] == posted["added"] + pending["added"]
    assert [(row["amount"], row["pending"]) for row in page["added"]] == [(Decimal("12.34"), False), (5, True)]
    await receiver.until(lambda: receiver.codes.count("SYNC_UPDATES_AVAILABLE") == 4)


async def test_without_an_amount_the_user_goes_shopping(stand_in: StandIn) -> None:
    """A few pending purchases in the user's own habits, others each time."""
    _, item_id = await stand_in.linked()
    path = f"/sandbox_control/items/{item_id}/transactions"
    first, second = [(await stand_in.post(path))["added"] for _ in range(2)]
    truth = await stand_in.truth(item_id)
    assert min(len(first), len(second)) >= 3
    assert not set(first) & set(second)
    assert all(truth[key]["pending"] and truth[key]["kind"] == "purchase" for key in first + second)


async def test_a_row_can_be_corrected_resent_and_withdrawn(stand_in: StandIn) -> None:
    """Each change reaches the next sync as what it is: modified, modified without a difference, removed."""
    access_token, item_id = await stand_in.linked(days=30)
    pages = await stand_in.pages(access_token)
    rows = [row for page in pages for row in page["added"]][:3]
    cursor = pages[-1]["next_cursor"]
    path = f"/sandbox_control/items/{item_id}/transactions"
    ids = [row["transaction_id"] for row in rows]
    await stand_in.post(f"{path}/edit", transaction_id=ids[0], amount=0.1234567, name="Corrected")
    await stand_in.post(f"{path}/edit", transaction_id=ids[1])
    await stand_in.post(f"{path}/withdraw", transaction_ids=[ids[2]])
    (page,) = await stand_in.pages(access_token, cursor)
    corrected, resent = page["modified"]
    assert (corrected["amount"], corrected["name"]) == (Decimal("0.1234567"), "Corrected")
    assert resent == rows[1]
    assert page["removed"] == [{"transaction_id": ids[2], "account_id": rows[2]["account_id"]}]
    assert await stand_in.refused(f"{path}/edit", transaction_id=ids[2]) == "NOT_FOUND"


async def test_a_row_that_came_and_went_between_two_syncs_was_never_there(stand_in: StandIn) -> None:
    """A reader hears the difference between two cursors, not the way there."""
    access_token, item_id = await stand_in.linked(days=30)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    path = f"/sandbox_control/items/{item_id}/transactions"
    added = (await stand_in.post(path, amount=1))["added"]
    await stand_in.post(f"{path}/withdraw", transaction_ids=added)
    (page,) = await stand_in.pages(access_token, cursor)
    assert (page["added"], page["modified"], page["removed"]) == ([], [], [])


async def test_an_item_can_be_broken_and_healed_elsewhere(stand_in: StandIn, receiver: Receiver) -> None:
    """It stays broken with the wanted code until it is repaired; both are told by webhook."""
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    control = f"/sandbox_control/items/{item_id}"
    await stand_in.post(f"{control}/break", error_code="ITEM_LOCKED")
    for _ in range(2):
        assert await stand_in.refused("/transactions/sync", access_token=access_token) == "ITEM_LOCKED"
    await stand_in.post(f"{control}/repair")
    assert await stand_in.is_complete(access_token)
    await receiver.until(lambda: {"ERROR", "LOGIN_REPAIRED"} <= set(receiver.codes))
    assert await stand_in.refused(f"{control}/break", error_code="ITEM_LOKED") == "INVALID_FIELD"


async def test_any_webhook_can_be_rung(stand_in: StandIn, receiver: Receiver) -> None:
    """Also one that Plaid's endpoint cannot fire, and one that nobody has heard of yet."""
    _, item_id = await stand_in.link(webhook=receiver.url)
    for code in ("PENDING_EXPIRATION", "NOT_YET_PUBLISHED"):
        await stand_in.post(f"/sandbox_control/items/{item_id}/webhooks", webhook_code=code)
    await receiver.until(lambda: {"PENDING_EXPIRATION", "NOT_YET_PUBLISHED"} <= set(receiver.codes))
    assert receiver.of("PENDING_EXPIRATION")[0]["consent_expiration_time"].endswith("Z")


async def test_a_refresh_can_be_ordered_without_credentials(stand_in: StandIn, receiver: Receiver) -> None:
    """The same as /transactions/refresh: pendings post, webhooks tell."""
    _, item_id = await stand_in.linked(webhook=receiver.url)
    await stand_in.post(f"/sandbox_control/items/{item_id}/refresh")
    await receiver.until(lambda: {"DEFAULT_UPDATE", "TRANSACTIONS_REMOVED"} <= set(receiver.codes))
