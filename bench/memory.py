"""What a process holds (proc(5)): megabytes."""

import re
from pathlib import Path


def resident(pid: int) -> float:
    """Return what it holds in memory now."""
    return _read(pid, "VmRSS")


def most(pid: int) -> float:
    """Return the most that it has held so far."""
    return _read(pid, "VmHWM")


def _read(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(rf"{name}:\s+(\d+) kB", status)[0]) / 1024
