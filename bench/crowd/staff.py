"""The workers: more of them as the run goes on, and every now and then one is killed and started again."""

import asyncio
import signal
from collections.abc import Iterator
from random import Random
from time import perf_counter

from bench.crowd.plan import Plan
from tests.e2e.processes import Process, Processes
from tests.servers.network import free_port

SCALED = ("sync_worker", "categorizer")


class Staff:
    """Hires and kills; the eldest of each kind lives to the end, so that its memory can be watched."""

    def __init__(self, processes: Processes, random: Random) -> None:
        self.kills = 0
        self._processes = processes
        self._random = random
        self._killable: list[Process] = []
        self._first = asyncio.Event()

    @property
    def workers(self) -> int:
        """How many there are, those that start among them."""
        return sum(1 for module in SCALED for _ in self._processes.of(module))

    async def run(self, plan: Plan) -> None:
        """Do both until the plan's time is over; at least one is killed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._grow(plan))
            group.create_task(self._kill(plan.kill_every, plan.seconds))

    async def _grow(self, plan: Plan) -> None:
        began = perf_counter()
        for share, number in plan.workers:
            await asyncio.sleep(began + share * plan.seconds - perf_counter())
            for module in SCALED:
                for process in self._new(module, number):
                    await self._hire(process)  # one after the other: starting takes a second of a processor

    def _new(self, module: str, number: int) -> Iterator[Process]:
        """Yield those that are missing until there are so many."""
        first = self._processes.by_name[module]
        for rank in range(1 + len(list(self._processes.of(module))), number + 1):
            name = f"{module}_{rank}"
            process = Process(module, free_port(), first.environment, first.log.with_name(f"{name}.log"))
            self._processes.by_name[name] = process
            yield process

    async def _hire(self, process: Process) -> None:
        await process.start()
        self._killable.append(process)
        self._first.set()

    async def _kill(self, every: float, seconds: float) -> None:
        every, over = min(every, seconds), perf_counter() + seconds
        await self._first.wait()
        while True:
            await asyncio.sleep(every)
            victim = self._killable.pop(self._random.randrange(len(self._killable)))
            await victim.end(signal.SIGKILL)
            self.kills += 1
            await self._hire(victim)
            if perf_counter() + every > over:
                return
