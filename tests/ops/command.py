"""The operators' command as somebody types it: in a thread, or in a process of its own."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from ops.main import app

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What it printed as JSON."""
        rows: list[dict[str, Any]] = json.loads(self.out)
        return rows


@dataclass(frozen=True, slots=True)
class Ops:
    """The command, where this is the environment."""

    environment: dict[str, str | None]

    async def __call__(self, *words: str, answer: str = "") -> Ended:
        """Run a command; it may be asked something and get this answer."""
        run: Callable[[], Any] = lambda: CliRunner().invoke(app, list(words), input=answer, env=self.environment)  # noqa: E731
        ended = await asyncio.to_thread(run)
        if ended.exception and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start a command as a process, beside whatever this process does meanwhile."""
        environment = {name: value for name, value in self.environment.items() if value is not None}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ops", *words, env=dict(os.environ) | environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def process(self, *words: str) -> Ended:
        """Run a command as a process to its end."""
        child = await self.start(*words)
        async with asyncio.timeout(PATIENCE):
            out, err = await child.communicate()
        return Ended(child.returncode or 0, out.decode(), err.decode())
