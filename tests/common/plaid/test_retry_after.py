from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.plaid.retry_after import LONGEST, seconds_of

NOW = datetime(2026, 11, 22, 18, 0, 0, tzinfo=UTC)

READ = {
    "0": 0.0,
    "12": 12.0,
    " 12 ": 12.0,
    "1.5": 1.5,
    "999999999": LONGEST,
    "Sun, 22 Nov 2026 18:00:30 GMT": 30.0,
    "Sunday, 22-Nov-26 18:00:30 GMT": 30.0,
    "Sun Nov 22 18:00:30 2026": 30.0,
    "Sun, 22 Nov 2026 17:59:00 GMT": 0.0,
    "Sun, 22 Nov 2027 18:00:00 GMT": LONGEST,
    "2026-11-22T18:00:30Z": 30.0,
    "2026-11-22T19:00:30.5+01:00": 30.5,
    "2026-11-22 18:00:30": 30.0,
    "20261122T180030Z": 30.0,
    "0001-01-01T00:00:00+14:00": 0.0,
}


@pytest.mark.parametrize("header", READ)
def test_what_can_be_read(header: str) -> None:
    """Seconds, the three dates of RFC 9110, ISO 8601; without a zone it is UTC, the past is now, hours are bounded."""
    assert seconds_of(header, NOW) == READ[header]


@pytest.mark.parametrize(
    "header", ["", "soon", "-3", "1e3", "nan", "inf", "²", "12 s", "0x10", "9" * 400, "Sun, 99 Nov"]
)
def test_what_cannot_be_read(header: str) -> None:
    """Whatever else a proxy writes there counts as nothing said."""
    assert seconds_of(header, NOW) is None


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ \S+") | st.datetimes().map(str))
def test_no_header_breaks_anything(header: str) -> None:
    """Any text is seconds within bounds, or None."""
    seconds = seconds_of(header, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST
