import pytest

from tests.workers import count, group, rank


@pytest.mark.parametrize("other", ["tests/browser/test_link.py::test_x", "tests/compose/test_up.py::test_y[a/b::c]"])
def test_networks_and_browsers_take_turns(other: str) -> None:
    """What makes and removes container networks never runs beside a browser."""
    assert group("tests/compose/test_kill.py::test_z") == group(other)


def test_a_files_tests_stay_together() -> None:
    """A module's systems are started once: its tests share a worker, whatever a parameter's name contains."""
    assert group("tests/e2e/test_kills.py::test_a[x::y]") == group("tests/e2e/test_kills.py::test_b")
    assert group("tests/e2e/test_kills.py::test_a") != group("tests/e2e/test_frozen.py::test_a")


def test_the_longest_begin_first() -> None:
    """Nothing long begins last."""
    nodes = ["tests/link_api/test_main.py::test_a", "tests/browser/test_link.py::test_a", "tests/compose/a.py::test_a"]
    assert sorted(nodes, key=rank) == nodes[::-1]


def test_tests_that_wait_wait_beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more workers than cores, and never so many that their servers take the machine."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert count() == 3
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert count() == 8
