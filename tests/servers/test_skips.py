import pytest

from tests.servers import Missing
from tests.servers.skips import loud_line, skipping


def _skip(reason: str) -> pytest.TestReport:
    return pytest.TestReport("a", ("a", 1, "a"), {}, "skipped", ("a.py", 1, f"Skipped: {reason}"), "setup")


def test_missing_server_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server cannot be had its tests are skipped, and the reason says how to get it."""
    monkeypatch.delenv("REQUIRE_REAL_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"needs Chromium \(install chromium\)"), skipping():
        raise Missing("Chromium (install chromium)")


def test_missing_server_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """With REQUIRE_REAL_SERVERS=1 nothing is skipped for want of a server."""
    monkeypatch.setenv("REQUIRE_REAL_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="Chromium"), skipping():
        raise Missing("Chromium (install chromium)")


def test_end_of_the_run_tells_what_was_not_tested() -> None:
    """One line counts the skips by what they need and says how to get it; other skips are none of its business."""
    line = loud_line([_skip("needs RabbitMQ (start Docker)"), _skip("needs RabbitMQ (start Docker)"), _skip("too hot")])
    assert line == "NOT TESTED HERE: 2 tests need RabbitMQ (start Docker)"


def test_nothing_missing_says_nothing() -> None:
    """A run that missed no server ends without the line."""
    assert loud_line([_skip("too hot")]) is None
