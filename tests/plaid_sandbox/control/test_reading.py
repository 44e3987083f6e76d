import pytest

from tests.plaid_sandbox.running import Reader, StandIn

ORDERS = ["log", "removed_first", "removed_last", "shuffled:7"]


async def test_cursors_can_be_forgotten(stand_in: StandIn) -> None:
    """All that were handed out are refused by name, mid-loop ones too; those of the next loop are good."""
    access_token, item_id = await stand_in.linked(days=30)
    account_id = (await stand_in.pages(access_token))[0]["accounts"][0]["account_id"]
    body = {"access_token": access_token, "options": {"account_id": account_id}}
    cursors = [(await stand_in.pages(access_token))[-1]["next_cursor"]]
    cursors.append((await stand_in.post("/transactions/sync", access_token=access_token, count=1))["next_cursor"])
    await stand_in.post("/transactions/sync", **body)
    await stand_in.post(f"/sandbox_control/items/{item_id}/cursors/refuse")
    for cursor in cursors:
        answer = await stand_in.send("/transactions/sync", {"access_token": access_token, "cursor": cursor})
        assert (answer.status_code, answer.json()["error_type"]) == (400, "INVALID_REQUEST")
        assert answer.json()["error_code"] == "INVALID_FIELD"
        assert "cursor" in answer.json()["error_message"]
    reader = Reader()
    reader.apply(await stand_in.pages(access_token, count=50))
    reader.apply(await stand_in.pages(access_token, reader.cursor))
    assert reader.agrees_with(await stand_in.truth(item_id))


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_are_cut_as_ordered(stand_in: StandIn, order: str) -> None:
    """However the reader counts: no page is longer, removals come where they were ordered, the end is the truth."""
    access_token, item_id = await stand_in.linked("user_transactions_dynamic", days=30)
    control = f"/sandbox_control/items/{item_id}"
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    await stand_in.post(f"{control}/pages", size=4, order=order)
    before = len(stand_in.sandbox.registry.by_access_token(access_token).changes)
    await stand_in.post(f"{control}/refresh")
    await stand_in.until_changed(access_token, before)
    pages = await stand_in.pages(access_token, reader.cursor, count=500)
    gone = [len(page["removed"]) for page in pages]
    come = [len(page["added"] + page["modified"]) for page in pages]
    assert max(map(sum, zip(gone, come, strict=True))) == 4
    with_removals = [number for number, removed in enumerate(gone) if removed]
    if order == "removed_first":
        assert with_removals == list(range(len(with_removals)))
        assert not any(come[: with_removals[-1]])
    if order == "removed_last":
        assert with_removals == list(range(with_removals[0], len(pages)))
        assert not any(come[with_removals[0] + 1 :])
    reader.apply(pages)
    assert reader.agrees_with(await stand_in.truth(item_id))


async def test_a_loop_keeps_the_order_that_it_began_with(stand_in: StandIn) -> None:
    """A cursor in the middle of a loop gives the same page again, whatever was ordered since."""
    access_token, item_id = await stand_in.linked(days=30)
    control = f"/sandbox_control/items/{item_id}/pages"
    await stand_in.post(control, order="shuffled:3")
    first = await stand_in.post("/transactions/sync", access_token=access_token, count=5)
    body = {"access_token": access_token, "cursor": first["next_cursor"], "count": 5}
    second = await stand_in.post("/transactions/sync", **body)
    await stand_in.post(control)
    again = await stand_in.post("/transactions/sync", **body)
    assert again | {"request_id": ""} == second | {"request_id": ""}
    reader = Reader()
    reader.apply([first, *(await stand_in.pages(access_token, first["next_cursor"], count=90))])
    assert reader.agrees_with(await stand_in.truth(item_id))


async def test_an_unknown_order_is_refused(stand_in: StandIn) -> None:
    """What cannot be cut so is told at once."""
    _, item_id = await stand_in.link()
    for order in ("sorted", "shuffled", "shuffled:x"):
        assert await stand_in.refused(f"/sandbox_control/items/{item_id}/pages", order=order) == "INVALID_FIELD"
