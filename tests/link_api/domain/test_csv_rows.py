import csv
import io

import pytest

from link_api.domain.csv_rows import lines, text

DANGEROUS = [
    "=1+1", "+1", "-1", "-", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\uff1d1", "\uff0d1",
    '=HYPERLINK("http://x")',
]  # fmt: skip


@pytest.mark.parametrize("dangerous", DANGEROUS)
def test_what_would_be_calculated_stays_text(dangerous: str) -> None:
    """A cell that a spreadsheet takes for a formula begins with an apostrophe; the text itself is whole."""
    assert text(dangerous) == f"'{dangerous}"


@pytest.mark.parametrize("harmless", ["", "Home Depot", "1-1", "a=b", "o'neill@x.com", "(5)", "'quoted", "数"])
def test_other_text_is_left_alone(harmless: str) -> None:
    """Nothing is put before what is text anyway; nothing is an empty cell."""
    assert text(harmless) == harmless
    assert text(None) == ""


def test_lines_read_back_as_they_were() -> None:
    """Whatever a cell holds, a reader of RFC 4180 gets it back; every line ends with CRLF."""
    rows = [["a,b", 'say "hi"', "two\r\nlines"], ["", " ", "'; DROP TABLE x; --"], ["ü", "🧾", "\\"]]
    written = lines(rows)
    assert list(csv.reader(io.StringIO(written, newline=""), strict=True)) == rows
    assert written.endswith("\r\n")
    assert lines([]) == ""
