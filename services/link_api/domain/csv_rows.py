"""Rows of a spreadsheet as RFC 4180 text that a spreadsheet takes for nothing but text and numbers."""

import csv
import io
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's old code page, and names of merchants become unreadable."""
FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - the full-width ones begin a formula in East Asian Excel
"""What a cell must not begin with, also after white space: the rest would be calculated (OWASP, CSV Injection)."""


def text(value: str | None) -> str:
    """Return a cell that stays text: with an apostrophe before what would be calculated."""
    if value is None:
        return ""
    return f"'{value}" if value.lstrip().startswith(FORMULA) or value[:1] in ("\t", "\r", "\n") else value


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows as lines that end with CRLF, quoted where they must be."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
