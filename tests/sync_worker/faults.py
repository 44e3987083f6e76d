"""Faults, injected below the surface: a Plaid that is watched and may go wrong, a database that fails at a step."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import event

from common.database import Database
from common.plaid import Budget, Credentials, PlaidClient
from common.plaid.client import _read
from tests.sync_worker.answers import text

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(slots=True)
class Watch:
    """What was called, and where a test steps in; one for a client and all that are bound of it."""

    page_size: int = 500
    calls: Counter[str] = field(default_factory=Counter)
    running: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    before: Callable[[str, Json], Awaitable[None]] | None = None
    after: Callable[[str, Json], Awaitable[Json]] | None = None

    @contextmanager
    def counted(self, what: str) -> Iterator[None]:
        """Count a call as long as it runs."""
        self.running[what] += 1
        self.most_at_once = max(self.most_at_once, self.running[what])
        try:
            yield
        finally:
            self.running[what] -= 1


class WatchedPlaid(PlaidClient):
    """The real client; it counts its calls, and a test may step in before and after each."""

    def __init__(self, at: Credentials | str, budget: Budget | None = None) -> None:
        super().__init__(Credentials("client", SecretStr("secret"), at) if isinstance(at, str) else at, budget)
        self.watch = Watch()

    async def _answered(
        self, read: Callable[[bytes], T], endpoint: Callable[..., Any], request: Mapping[str, Any], read_timeout: float
    ) -> T:
        watch, name, ask = self.watch, endpoint.__name__, dict(request)
        if "count" in ask:
            ask["count"] = watch.page_size
        watch.calls[name] += 1
        with watch.counted(f"{name} {ask.get('access_token')}"):
            if watch.before:
                await watch.before(name, ask)
            body = await super()._answered(bytes, endpoint, ask, read_timeout)
        if watch.after:
            body = text(await watch.after(name, json.loads(body, parse_float=Decimal))).encode()
        return _read(read, body)


class Gate:
    """Holds whoever comes first until the test opens it."""

    def __init__(self, name: str = "transactions_sync") -> None:
        self._name = name
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, name: str, _request: Json) -> None:
        if name == self._name and not self.reached.is_set():
            self.reached.set()
            await self.opened.wait()


class Crash(Exception):
    """What an injected crash raises."""


def _raise() -> None:
    raise Crash


def _cancel() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


class Steps:
    """Counts statements, commits and calls of Plaid; lets the n-th go wrong.

    `raise`: it raises. `cancel`: its task is cancelled. `die`: it and all later ones raise, as for a killed process.
    """

    def __init__(self, fail_at: int, how: str) -> None:
        self.taken = 0
        self._fail_at = fail_at
        self._how = how

    @property
    def happened(self) -> bool:
        """Whether the fault was reached."""
        return self.taken >= self._fail_at

    def step(self, *_: Any) -> None:
        """Take one step."""
        self.taken += 1
        if self.taken == self._fail_at or (self._how == "die" and self.happened):
            _cancel() if self._how == "cancel" else _raise()

    async def before_call(self, _name: str, _request: Json) -> None:
        """Take the step of a call of Plaid."""
        self.step()
        await asyncio.sleep(0)


@contextmanager
def failing(steps: Steps, database: Database, plaid: WatchedPlaid) -> Iterator[None]:
    """Let every statement, commit and Plaid call of the block be a step."""
    engine = database._engine.sync_engine
    hooks = [(engine, "before_cursor_execute"), (engine, "commit")]
    for target, name in hooks:
        event.listen(target, name, steps.step)
    plaid.watch.before = steps.before_call
    try:
        yield
    finally:
        plaid.watch.before = None
        for target, name in hooks:
            event.remove(target, name, steps.step)
