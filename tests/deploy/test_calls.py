import httpx2
import pytest

from deploy.calls import Row, overlaps, page_loops, spread, sync_calls
from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings

PAGES = {"": "5", "5": "9", "9": "12"}
LAST = "12"


def call(caller: str, began: int, ended: int | None, cursor: str = "", **values: object) -> Row:
    """Return an entry of the log: the page after this cursor of a history of three pages."""
    after = PAGES.get(cursor, cursor)
    row = {"item_id": "a", "caller": caller, "began": began, "ended": ended, "cursor": cursor, "next_cursor": after}
    return row | {"has_more": after != LAST} | values


def failed(caller: str, began: int, ended: int, cursor: str) -> Row:
    """Return an entry of a call that was refused."""
    return call(caller, began, ended, cursor, next_cursor=None, has_more=None)


def test_one_loop_after_the_other_is_no_overlap() -> None:
    """Items are handed from worker to worker: whoever begins after the other's last page is right."""
    calls = [call("one", 1, 2), call("one", 3, 4, "5"), call("one", 5, 6, "9"), call("two", 7, 8, "12")]
    assert [(loop.caller, len(loop.calls)) for loop in page_loops(calls)] == [("one", 3), ("two", 1)]
    assert overlaps(calls) == []


def test_pages_that_interleave_are_found() -> None:
    """No two calls meet in time, yet two workers read the item at once: the second began between the first's pages."""
    calls = [call("one", 1, 2), call("two", 3, 4), call("one", 5, 6, "5"), call("two", 7, 8, "5")]
    [found] = overlaps(calls)
    assert (found.one.caller, found.other.caller) == ("one", "two")
    assert str(found) == "a: one read from 1 to 6, two from 3 to 8"


@pytest.mark.parametrize("other", ["one", "two"])
def test_calls_that_overlap_in_time_are_found(other: str) -> None:
    """One page each, asked for before the other was answered: whoever it was, no lease was held."""
    assert len(overlaps([call("one", 1, 3, "9"), call(other, 2, 4, "9")])) == 1


def test_a_call_in_progress_has_not_ended() -> None:
    """A second call beside one that still waits for its answer is found, in whatever order the rows come."""
    assert len(overlaps([call("two", 2, 3), call("one", 1, None)])) == 1


def test_a_short_loop_within_a_long_one_is_found() -> None:
    """Also behind a third that ended in between: what counts is who ended last, not who came last."""
    calls = [call("one", 1, 2), call("two", 3, 4, "9"), call("three", 5, 6, "9"), call("one", 7, 8, "5")]
    assert [found.other.caller for found in overlaps(calls)] == ["two", "three"]


def test_a_loop_that_was_broken_off_ends_there() -> None:
    """A worker that was killed between two pages holds nobody up, not even itself when it is back."""
    calls = [call("one", 1, 2), call("two", 3, 4), call("two", 5, 6, "5"), call("one", 7, 8)]
    assert overlaps(calls) == []


def test_a_restarted_loop_is_another_one() -> None:
    """After a mutation the loop begins again; another worker may do it, but not before the failed page ended."""
    broken = [call("one", 1, 2), failed("one", 3, 5, "5")]
    assert len(page_loops([*broken, call("one", 6, 7)])) == 2
    assert overlaps([*broken, call("two", 6, 7)]) == []
    assert len(overlaps([*broken, call("two", 4, 7)])) == 1


def test_a_page_that_failed_and_is_asked_for_again_is_one_loop() -> None:
    """A caller that tries a page again still holds the item: nobody may come in between."""
    calls = [call("one", 1, 2), failed("one", 3, 4, "5"), call("one", 7, 8, "5")]
    assert len(page_loops(calls)) == 1
    assert len(overlaps([*calls, call("two", 5, 6)])) == 1


def test_items_do_not_disturb_each_other() -> None:
    """One worker reads several items at once; calls of no item, such as refused ones, say nothing."""
    calls = [call("one", 1, 4), call("one", 2, 5, item_id="b"), call("two", 3, 6, item_id=None)]
    assert overlaps(calls) == []


def test_the_spread_counts_items_by_caller() -> None:
    """Pages of one item count once, and an item that two callers synced counts for both."""
    calls = [call("one", 1, 2), call("one", 3, 4, "5"), call("two", 5, 6), call("two", 7, 8, item_id="b")]
    assert spread(calls) == {"one": 1, "two": 2}


async def test_a_log_with_holes_is_no_proof() -> None:
    """If calls have dropped out of the log, the reader is told instead of being given the rest."""
    app = create_app(Settings())
    log = app.state.sandbox.calls
    log.dropped_through = 7
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://a") as sandbox:
        with pytest.raises(ValueError, match="dropped the calls up to 7"):
            await sync_calls(sandbox, since=6)
        log.end(log.begin("/transactions/sync", "10.0.0.1"))
        log.end(log.begin("/item/get", "10.0.0.1"))
        log.sequence = 8
        log.end(log.begin("/transactions/sync", "10.0.0.2"))
        assert [row["caller"] for row in await sync_calls(sandbox, since=7)] == ["10.0.0.2"]
