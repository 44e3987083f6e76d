from decimal import Decimal
from typing import Any

import pytest

from tests.plaid_sandbox.running import Reader, StandIn, eventually, running, settings


async def changed(stand_in: StandIn, access_token: str, item_id: str) -> None:
    """Refresh and wait until the bank's data has moved."""
    before = stand_in.sandbox.registry.by_access_token(access_token).book.ledger.version
    await stand_in.post("/transactions/refresh", access_token=access_token)

    async def moved() -> bool:
        return stand_in.sandbox.registry.by_access_token(access_token).book.ledger.version > before

    await eventually(moved)


async def test_the_first_sync_is_empty_and_not_an_error(stand_in: StandIn) -> None:
    """Before any history was read: no rows, status NOT_READY and an empty cursor, never null."""
    async with running(settings(initial_delay=3600, historical_delay=3600)) as slow:
        access_token, _ = await slow.link()
        page = await slow.call("transactions_sync", access_token=access_token)
        assert page.transactions_update_status.value == "NOT_READY"
        assert (page.added, page.modified, page.removed, page.next_cursor, page.has_more) == ([], [], [], "", False)


async def test_history_comes_in_two_stages() -> None:
    """First about 30 days, then as far back as days_requested asked, and no further."""
    async with running(settings(historical_delay=3600)) as stand_in:
        access_token, _ = await stand_in.link(days=200)
        today = stand_in.sandbox.clock.now().date()

        async def initial() -> bool:
            page = await stand_in.post("/transactions/sync", access_token=access_token, count=1)
            return bool(page["transactions_update_status"] == "INITIAL_UPDATE_COMPLETE")

        await eventually(initial)
        first = await stand_in.pages(access_token)
        stand_in.sandbox.clock.advance(3600)
        await eventually(lambda: stand_in.is_complete(access_token))
        whole = await stand_in.pages(access_token)
    oldest = [min(row["date"] for page in pages for row in page["added"]) for pages in (first, whole)]
    ages = [(today - today.fromisoformat(day)).days for day in oldest]
    assert 25 <= ages[0] <= 29
    assert 190 <= ages[1] <= 199


@pytest.mark.parametrize("count", [1, 7, 100, 500])
async def test_pages_add_up_to_the_truth(stand_in: StandIn, count: int) -> None:
    """Whatever the page size, a complete loop holds exactly what the bank has, each amount to the last digit."""
    access_token, item_id = await stand_in.linked("user_transactions_dynamic", days=40)
    reader = Reader()
    pages = await stand_in.pages(access_token, count=count)
    reader.apply(pages)
    assert all(len(page["added"] + page["modified"] + page["removed"]) <= count for page in pages)
    assert reader.agrees_with(await stand_in.truth(item_id))


async def test_a_follower_stays_in_step_through_refreshes(stand_in: StandIn) -> None:
    """From cursor to cursor, across refreshes, corrections and withdrawals, the reader's copy equals the truth."""
    access_token, item_id = await stand_in.linked("user_transactions_dynamic", days=60)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    control = f"/sandbox_control/items/{item_id}/transactions"
    for round_number in range(4):
        await changed(stand_in, access_token, item_id)
        added = await stand_in.post(control, amount=-12.5, name="Lowe's")
        if round_number % 2:
            await stand_in.post(f"{control}/edit", transaction_id=added["added"][0], amount=7.0000001)
        else:
            await stand_in.post(f"{control}/withdraw", transaction_ids=added["added"])
        reader.apply(await stand_in.pages(access_token, reader.cursor, count=5))
        assert reader.agrees_with(await stand_in.truth(item_id))


async def test_a_cursor_can_be_replayed(stand_in: StandIn) -> None:
    """The same cursor over unchanged data gives the same answer, byte for byte but for the request id."""
    access_token, item_id = await stand_in.linked(days=30)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    await changed(stand_in, access_token, item_id)

    async def read() -> dict[str, Any]:
        page = await stand_in.post("/transactions/sync", access_token=access_token, cursor=cursor, count=500)
        return {key: value for key, value in page.items() if key != "request_id"}

    assert await read() == await read()
    assert len(cursor) <= 256


async def test_a_mutation_between_pages_fails_the_loop_until_it_begins_again(stand_in: StandIn) -> None:
    """The failed page fails however often it is asked; from the loop's first cursor it goes on."""
    access_token, item_id = await stand_in.linked(days=60)
    await stand_in.post(f"/sandbox_control/items/{item_id}/mutations", times=1)
    first = await stand_in.post("/transactions/sync", access_token=access_token, count=10)
    assert first["has_more"]
    for _ in range(2):
        code = await stand_in.refused("/transactions/sync", access_token=access_token, cursor=first["next_cursor"])
        assert code == "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    assert reader.agrees_with(await stand_in.truth(item_id))


async def test_a_refresh_posts_pending_money_under_a_new_id(stand_in: StandIn) -> None:
    """Old pendings go, most come back posted and name what they were; some come unlinked, some never; new ones come."""
    access_token, _ = await stand_in.linked("user_transactions_dynamic", days=60)
    before = await stand_in.pages(access_token)
    held = {row["transaction_id"] for page in before for row in page["added"] if row["pending"]}
    await changed(stand_in, access_token, "")
    (page,) = await stand_in.pages(access_token, before[-1]["next_cursor"])
    posted = {row["pending_transaction_id"] for row in page["added"] if not row["pending"]}
    assert {row["transaction_id"] for row in page["removed"]} == held
    assert posted - {None} < held
    assert None in posted
    assert any(row["pending"] for row in page["added"])
    known = {row["transaction_id"]: row for old in before for row in old["added"]}
    grown = [row["amount"] - known[row["transaction_id"]]["amount"] for row in page["modified"]]
    assert max(grown) == Decimal(1)
    assert grown.count(Decimal(0)) == len(grown) - 1
    unchanged = [row for row in page["modified"] if known[row["transaction_id"]] == row]
    assert len(unchanged) == len(grown) - 1


async def test_removal_and_successor_may_come_on_different_pages(stand_in: StandIn) -> None:
    """With small pages, some removal arrives on a page before its successor and some on a later one."""
    access_token, _ = await stand_in.linked("user_transactions_dynamic", days=60)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    await changed(stand_in, access_token, "")
    pages = await stand_in.pages(access_token, cursor, count=2)
    gone = {row["transaction_id"]: number for number, page in enumerate(pages) for row in page["removed"]}
    come = {row["pending_transaction_id"]: number for number, page in enumerate(pages) for row in page["added"]}
    apart = [gone[key] - come[key] for key in gone.keys() & come.keys()]
    assert min(apart) < 0 < max(apart)


async def test_one_account_is_a_stream_of_its_own(stand_in: StandIn) -> None:
    """`options.account_id` reads that account only, and its cursor is good for no other stream."""
    access_token, item_id = await stand_in.linked(days=60)
    truth = await stand_in.truth(item_id)
    account_id = next(iter(truth.values()))["account_id"]
    pages = await stand_in.pages(access_token, account_id=account_id)
    ids = {row["transaction_id"] for page in pages for row in page["added"]}
    assert ids == {key for key, row in truth.items() if row["account_id"] == account_id}
    cursor = pages[-1]["next_cursor"]
    assert await stand_in.refused("/transactions/sync", access_token=access_token, cursor=cursor) == "INVALID_FIELD"


async def test_now_begins_a_stream_of_what_is_to_come(stand_in: StandIn) -> None:
    """Cursor "now" returns nothing; rows from before that change later arrive as added."""
    access_token, _ = await stand_in.linked(days=60)
    (now,) = await stand_in.pages(access_token, "now")
    assert (now["added"], now["modified"], now["has_more"]) == ([], [], False)
    await changed(stand_in, access_token, "")
    pages = await stand_in.pages(access_token, now["next_cursor"])
    assert all(page["modified"] == [] == page["removed"] for page in pages)
    assert any(page["added"] for page in pages)


async def test_a_foreign_or_broken_cursor_is_refused(stand_in: StandIn) -> None:
    """A cursor belongs to one Item; whatever else is sent is an INVALID_FIELD that names the cursor."""
    access_token, _ = await stand_in.linked(days=30)
    other, _ = await stand_in.linked(days=30)
    foreign = (await stand_in.pages(other))[-1]["next_cursor"]
    for cursor in (foreign, "%%%", "AAAA", foreign[:-4]):
        answer = await stand_in.send("/transactions/sync", {"access_token": access_token, "cursor": cursor})
        assert answer.json()["error_code"] == "INVALID_FIELD"
        assert "cursor" in answer.json()["error_message"]


async def test_the_original_description_is_sent_on_request_only(stand_in: StandIn) -> None:
    """`include_original_description` adds the raw line; without it the key is not there."""
    access_token, _ = await stand_in.linked(days=30)
    plain = await stand_in.pages(access_token)
    raw = await stand_in.pages(access_token, include_original_description=True)
    assert not any("original_description" in row for page in plain for row in page["added"])
    assert all(row["original_description"] for page in raw for row in page["added"])


async def test_categories_come_in_either_version(stand_in: StandIn) -> None:
    """v1 renames what v1 calls otherwise, and every category says its version."""
    access_token, _ = await stand_in.linked("user_household", days=60)
    for version, salary in (("v1", "INCOME_WAGES"), ("v2", "INCOME_SALARY")):
        pages = await stand_in.pages(access_token, personal_finance_category_version=version)
        found = [row["personal_finance_category"] for page in pages for row in page["added"]]
        assert {category["version"] for category in found if category} == {version}
        assert any(category and category["detailed"] == salary for category in found)


async def test_sync_adds_transactions_to_an_item_without(stand_in: StandIn) -> None:
    """An Item made for another product gets Transactions by its first sync, as deep as that asks."""
    made = await stand_in.post(
        "/sandbox/public_token/create", institution_id="ins_109508", initial_products=["auth"], options={}
    )
    exchanged = await stand_in.post("/item/public_token/exchange", public_token=made["public_token"])
    access_token = exchanged["access_token"]
    body = {"access_token": access_token, "options": {"days_requested": 10}}
    await stand_in.post("/transactions/sync", **body)
    await eventually(lambda: stand_in.is_complete(access_token))
    days = {row["date"] for page in await stand_in.pages(access_token) for row in page["added"]}
    assert 1 < len(days) <= 10
    item = (await stand_in.post("/item/get", access_token=access_token))["item"]
    assert item["products"] == ["auth", "transactions"]
