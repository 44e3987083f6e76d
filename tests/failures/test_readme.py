"""The list in README.md is whole."""

import ast
from itertools import chain
from pathlib import Path

from tests.architecture.named import missing, names_in, rows
from tests.architecture.test_house import functions

HERE = Path(__file__).parent
FAILURES = rows(HERE / "README.md")
NAMED = list(chain.from_iterable(tests for _, tests in FAILURES))


def test_every_failure_has_a_test_that_exists() -> None:
    """No line of the list is without a test, and none names one that is not there."""
    assert len(FAILURES) > 50
    assert [failure for failure, tests in FAILURES if not tests] == []
    assert missing(NAMED) == []


def test_every_test_stands_in_the_list() -> None:
    """What is tested here is named there, once."""
    named = [(path, name) for path, name in NAMED if path.parent == HERE]
    here = {(path, name) for path in HERE.glob("test_*.py") for name in names_in(path) if path != Path(__file__)}
    assert sorted(named) == sorted(here)


def test_every_test_says_in_one_line_what_goes_wrong() -> None:
    """The docstring of each test is the failure, in one line."""
    longer = [
        f"{path.name}::{function.name}"
        for path in HERE.glob("test_*.py")
        for function in functions(path)
        if function.name.startswith("test_") and len((ast.get_docstring(function) or "").splitlines()) != 1
    ]
    assert longer == []
