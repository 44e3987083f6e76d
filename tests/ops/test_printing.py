from datetime import UTC, datetime, timedelta

import pytest

from ops import printing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("off", "says"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=-59), "59 s ago"),
        (timedelta(minutes=61), "in 1 h"),
        (timedelta(days=-2, hours=-5), "2 d ago"),
    ],
)
def test_a_moment_is_told_in_its_largest_unit(off: timedelta, says: str) -> None:
    """A table says how far off a moment is, before or after now."""
    assert printing.ago(NOW + off, NOW) == says


@pytest.mark.parametrize(
    ("number", "says"), [(0, "0 letters are here"), (1, "1 letter is here"), (2, "2 letters are here")]
)
def test_one_is_no_plural(number: int, says: str) -> None:
    """A number and what is said of it agree; a noun alone gets an s."""
    assert printing.many(number, "letter is here", "letters are here") == says
    assert printing.many(number, "item") == f"{number} item{'s' * (number != 1)}"


def test_nothing_that_is_printed_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A bank's name is text: neither an escape sequence nor the printer's own markup in it has an effect."""
    printing.tabulate([{"institution": "\x1b[2JBank [red]of\u202e X[/red] :smile:"}], "none")
    printed = capsys.readouterr().out
    assert "\ufffd[2JBank [red]of\ufffd X[/red] :smile:" in printed


def test_json_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get moments as ISO 8601."""
    from ops.store.quarantine import Waiting  # noqa: PLC0415

    printing.dump([Waiting(1, "t", "r", 2, NOW, NOW)])
    assert '"next_try": "2026-11-22T12:00:00+00:00"' in capsys.readouterr().out
