"""Who used the processors (proc(5)): seconds of user and system time."""

import os
from collections.abc import Iterable
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


def of_broker() -> float:
    """Return what every RabbitMQ on this machine has used so far."""
    return _of_all(BROKER)


def of_database() -> float:
    """Return what every PostgreSQL on this machine has used so far, but for connections that are closed."""
    return _of_all(DATABASE)


def _of_all(name: str) -> float:
    return sum(_used(stat) for stat in _PROC.glob("[0-9]*/stat") if _is_called(name, stat))


def _is_called(name: str, stat: Path) -> bool:
    with suppress(OSError):
        return stat.with_name("comm").read_text().strip() == name
    return False


def _used(stat: Path) -> float:
    with suppress(OSError):
        after_name = stat.read_text().rpartition(")")[2].split()  # a name may hold blanks
        return (int(after_name[11]) + int(after_name[12])) / _TICKS
    return 0.0
