"""Starts services in a moment: a process that has imported everything once forks one for each start.

What runs in it is `python -m <service>`, line by line; only the second of importing is behind it. That makes killing
processes by the dozen cheap enough for every run of the tests.
"""

import asyncio
import importlib
import json
import os
import runpy
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = ("link_api", "webhook_ingest", "sync_worker", "categorizer", "plaid_sandbox")
GLANCE = 0.02
"""Seconds between two looks at whether a process has ended: nobody tells of what is not one's own child."""


@dataclass(frozen=True)
class Forked:
    """A running service that the nursery forked; how it ended nobody knows."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Return when it has ended."""
        while (code := self.returncode) is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(GLANCE)
        return code


class Nursery:
    """Forks services on demand."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def start(self, module: str, environment: Mapping[str, str], log: Path) -> Forked:
        """Start `python -m module` in this environment and return it at once."""
        order = {"module": module, "environment": dict(environment), "log": str(log)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            return Forked(int(await self._process.stdout.readline()))


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Run a nursery until the block ends; what it forked is for others to end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Nursery(process)
    finally:
        process.terminate()
        await process.communicate()


def fork(order: Mapping[str, Any]) -> int:
    """Return the pid of a new process that carries out the order."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _become(order["environment"], order["log"])
            runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
            print(end.code, file=sys.stderr)  # noqa: T201 - what the interpreter itself would do
        except BaseException:  # noqa: BLE001 - as above
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid


def _become(environment: Mapping[str, str], log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(file, number)


if __name__ == "__main__":
    for name in MODULES:
        importlib.import_module(f"{name}.main")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody has to bury the dead
    for line in sys.stdin:
        print(fork(json.loads(line)), flush=True)  # noqa: T201 - its answer
