from datetime import UTC, datetime

from plaid_sandbox.calls import CallLog
from plaid_sandbox.clock import Clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_beginnings_and_ends_are_numbered_in_one_row() -> None:
    """Two calls overlap exactly where their numbers do, though the clock stands still."""
    log = CallLog(Clock(lambda: NOON))
    first, second = log.begin("/a", "one"), log.begin("/a", "two")
    log.end(first)
    third = log.begin("/b", "one")
    log.end(second)
    assert [(call.began, call.ended) for call in (first, second, third)] == [(1, 3), (2, 5), (4, None)]
    assert {call.began_at for call in (first, second, third)} == {NOON}


def test_the_oldest_calls_make_room_and_are_missed() -> None:
    """The log is bounded, and says up to which number it has forgotten."""
    log = CallLog(Clock(), kept=2)
    for path in ("/a", "/b", "/c", "/d"):
        log.end(log.begin(path, None))
    assert [call.path for call in log.find(None, None, 0)] == ["/c", "/d"]
    assert log.dropped_through == 3


def test_a_reader_finds_what_it_asks_for() -> None:
    """By path, by Item, and only what began after a number."""
    log = CallLog(Clock())
    log.begin("/a", None).item_id = "x"
    log.begin("/b", None).item_id = "x"
    log.begin("/a", None).item_id = "y"
    assert [call.began for call in log.find("/a", None, 0)] == [1, 3]
    assert [call.began for call in log.find(None, "x", 0)] == [1, 2]
    assert [call.began for call in log.find("/a", None, 1)] == [3]
