"""The list in README.md is whole."""

import ast
import re
from pathlib import Path

from tests.architecture.test_house import functions

HERE = Path(__file__).parent
TESTS = HERE.parent
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (?P<failure>[^|]+) \| (?P<tests>[^|]+) \|$")


def rows() -> list[tuple[str, list[tuple[Path, str]]]]:
    """Return each failure with the tests that the list names for it."""
    lines = filter(None, map(ROW.match, (HERE / "README.md").read_text().splitlines()))
    read = [(line["failure"], [(_path(path), name) for path, name in NAMED.findall(line["tests"])]) for line in lines]
    return [(failure, tests) for failure, tests in read if not failure.startswith("what goes wrong")]


def names_in(path: Path) -> set[str]:
    """Return the tests of a file."""
    return {function.name for function in functions(path) if function.name.startswith("test_")}


def _path(named: str) -> Path:
    return TESTS / named if "/" in named else HERE / named


def test_every_failure_has_a_test_that_exists() -> None:
    """No line of the list is without a test, and none names one that is not there."""
    assert len(rows()) > 50
    assert [failure for failure, tests in rows() if not tests] == []
    missing = [f"{path}::{name}" for _, tests in rows() for path, name in tests if name not in names_in(path)]
    assert missing == []


def test_every_test_stands_in_the_list() -> None:
    """What is tested here is named there, once."""
    named = [(path, name) for _, tests in rows() for path, name in tests if path.parent == HERE]
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
