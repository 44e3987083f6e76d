import asyncio
from datetime import datetime
from typing import Any

from tests.plaid_sandbox.running import StandIn, eventually


async def calls(stand_in: StandIn, **query: str) -> list[Any]:
    """Return the log's entries."""
    found: list[Any] = (await stand_in.get("/sandbox_control/calls", **query))["calls"]
    return found


async def test_a_page_loop_can_be_followed(stand_in: StandIn) -> None:
    """Each page is there with its cursors, its caller and its request id: every page goes on where the last ended."""
    access_token, item_id = await stand_in.linked(days=90)
    since = (await stand_in.get("/sandbox_control/calls"))["sequence"]
    pages = await stand_in.pages(access_token, count=100)
    rows = await calls(stand_in, path="/transactions/sync", item_id=item_id, since=str(since))
    assert [row["request_id"] for row in rows] == [page["request_id"] for page in pages]
    assert [row["next_cursor"] for row in rows] == [page["next_cursor"] for page in pages]
    assert [row["cursor"] for row in rows] == ["", *(page["next_cursor"] for page in pages[:-1])]
    assert [row["has_more"] for row in rows] == [True] * (len(pages) - 1) + [False]
    assert {(row["caller"], row["status"], row["error_code"]) for row in rows} == {("127.0.0.1", 200, None)}
    assert [row["ended"] - row["began"] for row in rows] == [1] * len(pages)
    assert all(datetime.fromisoformat(row["began_at"]) <= datetime.fromisoformat(row["ended_at"]) for row in rows)


async def test_no_token_is_in_the_log(stand_in: StandIn) -> None:
    """Whoever reads the log can call nothing with it; the control API's own calls are not in it."""
    access_token, item_id = await stand_in.link()
    await stand_in.post("/item/get", access_token=access_token)
    answer = (await stand_in.http.get("/sandbox_control/calls")).text
    assert item_id in answer
    assert "access-sandbox" not in answer
    assert "public-sandbox" not in answer
    paths = [row["path"] for row in await calls(stand_in)]
    assert paths == ["/sandbox/public_token/create", "/item/public_token/exchange", "/item/get"]
    assert [row["item_id"] for row in await calls(stand_in)] == [None, item_id, item_id]


async def test_refusals_are_in_the_log(stand_in: StandIn) -> None:
    """With status, code and Item, whether Plaid, a proxy before it or a defect of the stand-in answered."""
    access_token, item_id = await stand_in.linked(days=30)
    since = str((await stand_in.get("/sandbox_control/calls"))["sequence"])
    await stand_in.post("/sandbox_control/outages", error_code="INTERNAL_SERVER_ERROR", item_id=item_id)
    await stand_in.refused("/transactions/sync", access_token=access_token, cursor="")
    await stand_in.post("/sandbox_control/outages", gateway_error=True)
    await stand_in.send("/transactions/sync", {"access_token": access_token})
    await stand_in.refused("/transactions/sync", access_token="access-sandbox-nobody")
    internal, gateway, unknown = await calls(stand_in, since=since)
    assert (internal["status"], internal["error_code"], internal["item_id"]) == (
        500,
        "INTERNAL_SERVER_ERROR",
        item_id,
    )
    assert internal["has_more"] is None
    assert (gateway["status"], gateway["error_code"], gateway["request_id"]) == (502, None, None)
    assert (unknown["status"], unknown["error_code"], unknown["item_id"]) == (400, "INVALID_ACCESS_TOKEN", None)


async def test_calls_at_the_same_time_overlap(stand_in: StandIn) -> None:
    """A call in progress is there without an end; one that began before it ended has a number in between."""
    access_token, _ = await stand_in.link()
    since = str((await stand_in.get("/sandbox_control/calls"))["sequence"])
    await stand_in.post("/sandbox_control/outages", delay=1, calls=1)
    slow = asyncio.create_task(stand_in.post("/item/get", access_token=access_token))

    async def in_progress() -> bool:
        return [row["ended"] for row in await calls(stand_in, since=since)] == [None]

    await eventually(in_progress)
    await stand_in.post("/accounts/get", access_token=access_token)
    await slow
    first, second = await calls(stand_in, since=since)
    assert first["began"] < second["began"] < second["ended"] < first["ended"]


async def test_a_senseless_question_is_refused(stand_in: StandIn) -> None:
    """A typing error in a test is told at once."""
    for query in ({"since": "x"}, {"since": "-1"}, {"itemid": "a"}):
        assert (await stand_in.http.get("/sandbox_control/calls", params=query)).status_code == 400
