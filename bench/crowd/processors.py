"""Who used how much of a processor during a run, those that were killed among them."""

import os
from collections import defaultdict
from time import perf_counter

from bench import cpu
from bench.running import Running
from tests.e2e.processes import SERVICES, STAND_IN


class Processors:
    """Adds up what each kind of process has used since it was made, as of the last look."""

    def __init__(self, system: Running) -> None:
        self._system = system
        self._began = self._looked = perf_counter()
        self._before = self._last = self._used()

    def look(self) -> None:
        """Note what every process has used so far: who is killed before the next look is known by this one."""
        self._looked = perf_counter()
        self._last = self._last | self._used()

    def shares(self) -> dict[str, float]:
        """Return what each kind used of one processor, on average."""
        totals: defaultdict[str, float] = defaultdict(float)
        for (name, pid), used in self._last.items():
            totals[name] += used - self._before.get((name, pid), 0.0)
        return {name: used / (self._looked - self._began) for name, used in totals.items()}

    def _used(self) -> dict[tuple[str, int], float]:
        by_name = {name: cpu.each(self._system.pids(name)) for name in (STAND_IN, *SERVICES)}
        by_name |= {"PostgreSQL": cpu.called(cpu.DATABASE), "RabbitMQ": cpu.called(cpu.BROKER)}
        by_name["generator"] = cpu.each([os.getpid()])
        return {(name, pid): used for name, each in by_name.items() for pid, used in each.items()}
