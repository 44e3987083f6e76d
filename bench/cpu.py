"""Who used the processors (proc(5)): seconds of user and system time."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

BROKER = "beam.smp"
"""RabbitMQ's process, in a container or not."""
DATABASE = "postgres"
"""PostgreSQL's processes, in a container or not."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def seconds(pids: Iterable[int]) -> float:
    """Return what these processes have used so far."""
    return sum(_used(_PROC / str(pid) / "stat") for pid in pids)


def each(pids: Iterable[int]) -> dict[int, float]:
    """Return what each of these processes has used so far."""
    return {pid: seconds([pid]) for pid in pids}


def called(name: str) -> dict[int, float]:
    """Return what each process of this name on this machine has used so far."""
    return each(int(stat.parent.name) for stat in _PROC.glob("[0-9]*/stat") if _is_called(name, stat))


def between(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return what those that still run have used in between."""
    return sum(used - before.get(pid, 0.0) for pid, used in after.items())


def of_broker() -> float:
    """Return what every RabbitMQ on this machine has used so far."""
    return sum(called(BROKER).values())


def _is_called(name: str, stat: Path) -> bool:
    with suppress(OSError):
        return stat.with_name("comm").read_text().strip() == name
    return False


def _used(stat: Path) -> float:
    with suppress(OSError):
        after_name = stat.read_text().rpartition(")")[2].split()  # a name may hold blanks
        return (int(after_name[11]) + int(after_name[12])) / _TICKS
    return 0.0
