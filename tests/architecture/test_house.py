"""House laws that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.broker import topology
from common.events import EVENTS

PACKAGES = [Path("services"), Path("libs"), Path("deploy")]
SERVICES = sorted(path for path in Path("services").iterdir() if (path / "__init__.py").exists())
LONGEST_FILE = 250
LONGEST_FUNCTION = 40


def sources() -> Iterator[Path]:
    """Yield every Python file of the product, migrations left out."""
    for package in PACKAGES:
        yield from (path for path in package.rglob("*.py") if "versions" not in path.parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_every_service_has_the_same_rooms(service: Path) -> None:
    """Learn one service, know all: the same rooms stand in each."""
    rooms = {path.stem for path in service.iterdir()}
    assert {"__main__", "settings", "main", "domain", "README"} <= rooms
    assert rooms & {"routes", "handlers"}
    assert "store" in rooms or service.name == "webhook_ingest"  # it has no tables


def test_files_and_functions_stay_small() -> None:
    """A room that no longer says what is in it is split."""
    long = [str(path) for path in sources() if len(path.read_text().splitlines()) > LONGEST_FILE]
    long += [
        f"{path}:{function.lineno} {function.name}"
        for path in sources()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_nothing_commits_outside_common() -> None:
    """Transactions are committed by common.database alone, and steps of the schema by what takes them."""
    offenders = [str(path) for path in sources() if ".commit(" in path.read_text() and "migrations" not in path.parts]
    assert offenders == []


def test_no_room_for_leftovers() -> None:
    """No module is named for what has no name."""
    homeless = {"utils", "util", "helpers", "helper", "misc", "manager", "base_classes", "impl"}
    assert [str(path) for path in sources() if path.stem in homeless] == []


def test_every_event_has_a_queue() -> None:
    """Whatever is emitted is routed: to a durable queue, or to the browsers."""
    bound = {key for queue in topology.QUEUES for key in queue.routing_keys} | topology.HINTS
    assert {*EVENTS, "item.sync_requested.sweep"} == bound


def test_every_test_states_its_law() -> None:
    """Each test says in its docstring which law it checks."""
    silent = [
        f"{path}:{function.lineno}"
        for path in Path("tests").rglob("test_*.py")
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []
