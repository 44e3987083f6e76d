"""What a missing server does to a test: a skip that the end of the run tells loudly, or a failure."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from tests.servers import Missing

NEEDS = "needs "


@contextmanager
def skipping() -> Iterator[None]:
    """Skip the test whose server is missing; fail it where REQUIRE_REAL_SERVERS is 1."""
    try:
        yield
    except Missing as missing:
        if os.environ.get("REQUIRE_REAL_SERVERS") == "1":
            pytest.fail(f"{NEEDS}{missing}, and REQUIRE_REAL_SERVERS=1", pytrace=False)
        pytest.skip(f"{NEEDS}{missing}")


def loud_line(skipped: Iterable[pytest.TestReport]) -> str | None:
    """Return the one line that says what was not tested and how to get it, or None where nothing was missing."""
    counts: Counter[str] = Counter()
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, found, missing = reason.partition(NEEDS)
        if found:
            counts[missing] += 1
    if not counts:
        return None
    parts = (f"{number} test{'s need' if number > 1 else ' needs'} {missing}" for missing, number in counts.items())
    return f"NOT TESTED HERE: {'; '.join(parts)}"
