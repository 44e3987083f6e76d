"""Documents whose tables name the tests that hold what they say."""

import re
from pathlib import Path

from tests.architecture.test_house import functions

TESTS = Path(__file__).parent.parent
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
HEAD = ("held off by", "held by")

Test = tuple[Path, str]


def rows(document: Path) -> list[tuple[str, list[Test]]]:
    """Return what each row of the document's tables says first, with the tests that its last column names.

    A test's path counts from the document's folder, or from the folder of all tests where it is in another.
    """
    lines = document.read_text().splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return [
        (row[0], [(_path(document.parent, path), name) for path, name in NAMED.findall(row[-1])])
        for row in cells
        if row[-1] not in HEAD
    ]


def names_in(path: Path) -> set[str]:
    """Return the tests of a file; none of one that is not there."""
    found = functions(path) if path.exists() else ()
    return {function.name for function in found if function.name.startswith("test_")}


def missing(tests: list[Test]) -> list[str]:
    """Return those that nobody wrote."""
    return [f"{path}::{name}" for path, name in tests if name not in names_in(path)]


def _path(folder: Path, named: str) -> Path:
    return TESTS / named if "/" in named else folder / named
