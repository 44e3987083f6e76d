"""What a program may rely on in the logs: events have fixed names, and fields hold ids and numbers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_house import sources

LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)?")
PRIVATE = frozenset(
    {"name", "merchant", "merchant_name", "description", "note", "amount", "text", "token", "email", "raw", "body"}
)
"""Fields that would hold what somebody bought, wrote or must keep."""


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield every line that a module of ours logs."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and ast.unparse(node.func.value) in {"log", "self._log"}
        ):
            yield node


LOGGING = [path for path in sources() if path.parts[0] in {"services", "libs"} and any(calls(path))]


@pytest.mark.parametrize("path", LOGGING, ids=str)
def test_events_have_fixed_names(path: Path) -> None:
    """Each line's event is a name written there, by which it is found and counted; what varies is in fields."""
    for call in calls(path):
        event = call.args[0]
        assert isinstance(event, ast.Constant), ast.unparse(call)
        assert EVENT.fullmatch(str(event.value)), event.value
        assert len(call.args) == 1, ast.unparse(call)


@pytest.mark.parametrize("path", LOGGING, ids=str)
def test_fields_hold_no_personal_text(path: Path) -> None:
    """No field is made for what only the user and the bank should know."""
    for call in calls(path):
        assert not PRIVATE & {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_the_search_finds_them() -> None:
    """The laws above are about as many modules as log."""
    assert len(LOGGING) > 30
