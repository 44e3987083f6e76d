from decimal import Decimal

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import Reader, StandIn


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


async def test_money_of_any_size_and_currency_reaches_the_reader(stand_in: StandIn) -> None:
    """A billion with seven decimals, a name of 500 characters, yen, dinar and coins on an account in dollars."""
    access_token, item_id = await stand_in.linked(days=30)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    path = f"/sandbox_control/items/{item_id}/transactions"
    await stand_in.http.post(path, content='{"amount": 1000000000.1234567, "name": "%s"}' % ("x" * 500))
    for code in ("JPY", "KWD"):
        await stand_in.post(path, amount=12, iso_currency_code=code)
    await stand_in.post(path, amount=0.1234567, unofficial_currency_code="USDT")
    reader.apply(await stand_in.pages(access_token, reader.cursor))
    truth = await stand_in.truth(item_id)
    assert reader.agrees_with(truth)
    assert "1000000000.1234567" in {row["amount"] for row in truth.values()}
    codes = {(row["iso_currency_code"], row["unofficial_currency_code"]) for row in truth.values()}
    assert codes == {("USD", None), ("JPY", None), ("KWD", None), (None, "USDT")}
    assert await stand_in.refused(path, amount=1, name="x" * 501) == "INVALID_FIELD"
    assert await stand_in.refused(path, amount=1, iso_currency_code="JPY", unofficial_currency_code="BTC")


async def test_a_correction_may_change_anything(stand_in: StandIn) -> None:
    """Date, category, currency and account come as one modified row, and the truth says the same."""
    access_token, item_id = await stand_in.linked(days=30)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    path = f"/sandbox_control/items/{item_id}/transactions"
    new = {"date": "2026-01-02", "category": "TRAVEL_LODGING", "iso_currency_code": "EUR", "account_id": "@savings"}
    answer = await stand_in.post(f"{path}/edit", transaction_id="@oldest", **new)
    (page,) = await stand_in.pages(access_token, cursor)
    (row,) = page["modified"]
    savings = next(one for one in page["accounts"] if one["subtype"] == "savings")
    assert answer["modified"] == [row["transaction_id"]]
    assert (row["date"], row["iso_currency_code"]) == (new["date"], "EUR")
    assert row["personal_finance_category"]["detailed"] == new["category"]
    assert row["account_id"] == savings["account_id"]
    assert (await stand_in.truth(item_id))[row["transaction_id"]]["iso_currency_code"] == "EUR"
    assert await stand_in.refused(f"{path}/edit", transaction_id="@oldest", category="FUN") == "INVALID_FIELD"
    assert await stand_in.refused(f"{path}/edit", transaction_id="@first") == "INVALID_FIELD"


async def test_a_posted_line_names_what_it_was(stand_in: StandIn) -> None:
    """Removal and successor are ordered one by one, so a sync can come between them."""
    access_token, item_id = await stand_in.linked(days=30)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    path = f"/sandbox_control/items/{item_id}/transactions"
    (pending,) = (await stand_in.post(path, amount=9, pending=True))["added"]
    await stand_in.post(f"{path}/withdraw", transaction_ids=["@pending"])
    await stand_in.post(path, amount=9.5, pending_transaction_id=pending)
    (page,) = await stand_in.pages(access_token, cursor)
    assert [row["pending_transaction_id"] for row in page["added"]] == [pending]


async def test_what_was_withdrawn_can_come_back(stand_in: StandIn) -> None:
    """The same id is removed, then added again; what stands or never was cannot come back."""
    access_token, item_id = await stand_in.linked(days=30)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    path = f"/sandbox_control/items/{item_id}/transactions"
    (gone,) = (await stand_in.post(f"{path}/withdraw", transaction_ids=["@newest"]))["removed"]
    reader.apply(await stand_in.pages(access_token, reader.cursor))
    assert gone not in reader.rows
    await stand_in.post(f"{path}/restore", transaction_ids=[gone])
    (page,) = await stand_in.pages(access_token, reader.cursor)
    assert [row["transaction_id"] for row in page["added"]] == [gone]
    reader.apply([page])
    assert reader.agrees_with(await stand_in.truth(item_id))
    for stray in (gone, "never"):
        assert await stand_in.refused(f"{path}/restore", transaction_ids=[stray]) == "NOT_FOUND"


async def test_removals_come_twice_early_and_of_strangers(stand_in: StandIn) -> None:
    """A removal that was told comes again; one of an unknown id comes before that id is added; what stands is safe."""
    access_token, item_id = await stand_in.linked(days=30)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    path = f"/sandbox_control/items/{item_id}/transactions"
    (gone,) = (await stand_in.post(f"{path}/withdraw", transaction_ids=["@newest"]))["removed"]
    reader.apply(await stand_in.pages(access_token, reader.cursor))
    echoed = await stand_in.post(f"{path}/echo_removals", transaction_ids=[gone, "stranger"])
    (page,) = await stand_in.pages(access_token, reader.cursor)
    assert [row["transaction_id"] for row in page["removed"]] == echoed["removed"] == [gone, "stranger"]
    reader.apply([page])
    (quiet,) = await stand_in.pages(access_token, reader.cursor)
    assert quiet["removed"] == []
    await stand_in.post(f"{path}/restore", transaction_ids=["stranger"])
    (page,) = await stand_in.pages(access_token, reader.cursor)
    assert [row["transaction_id"] for row in page["added"]] == ["stranger"]
    reader.apply([page])
    assert reader.agrees_with(await stand_in.truth(item_id))
    assert await stand_in.refused(f"{path}/echo_removals", transaction_ids=["stranger"]) == "INVALID_FIELD"


async def test_a_garbled_row_is_sent_exactly_as_ordered(stand_in: StandIn) -> None:
    """Nulls, unknown values, wrong types and missing keys reach the reader; the truth goes on; it can be undone."""
    access_token, item_id = await stand_in.linked(days=30)
    pages = await stand_in.pages(access_token)
    plain = pages[0]["added"][0]
    cursor, key = pages[-1]["next_cursor"], plain["transaction_id"]
    path, truth = f"/sandbox_control/items/{item_id}/transactions/odd", await stand_in.truth(item_id)
    fields = {"amount": None, "location": None, "payment_meta": None, "payment_channel": "by drone", "date": 7.25}
    answer = await stand_in.post(path, transaction_id=key, fields=fields, drop=["pending"])
    assert answer == {"added": [], "modified": [key], "removed": [], "request_id": answer["request_id"]}
    (page,) = await stand_in.pages(access_token, cursor)
    assert page["modified"] == [{k: v for k, v in (plain | fields).items() if k != "pending"}]
    assert await stand_in.truth(item_id) == truth
    await stand_in.post(path, transaction_id=key)
    (page,) = await stand_in.pages(access_token, page["next_cursor"])
    assert page["modified"] == [plain]
    assert await stand_in.refused(path, transaction_id=key, drop=["amuont"]) == "INVALID_FIELD"
