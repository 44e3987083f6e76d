"""Runs a scenario: waits for its moments and occurrences, and pulls its levers."""

import asyncio
import heapq
import logging
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from plaid_sandbox.control.levers import ItemLever
from plaid_sandbox.core import Sandbox
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.occurrences import Occurrence
from plaid_sandbox.scenario.steps import THIS, Scenario, Step

_log = logging.getLogger(__name__)
_KEPT = 10_000


@dataclass(slots=True)
class Progress:
    """How far a step is: what it counted, by Item where it counts so, and how often it came."""

    number: int
    step: Step
    seen: Counter[str] = field(default_factory=Counter)
    times: int = 0

    def fields(self) -> dict[str, object]:
        """Return the progress for the control API."""
        asked = self.step.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {"step": self.number, "times": self.times, "seen": self.seen.total()} | asked


@dataclass(slots=True)
class Deed:
    """One lever that was pulled; `error` says why it could not be."""

    step: int
    do: str
    after: float
    item_id: str | None
    error: str | None = None

    def fields(self) -> dict[str, object]:
        """Return the deed for the control API; `after` is seconds since the start."""
        return {name: getattr(self, name) for name in self.__slots__}


class Runner:
    """One scenario at a time. A step does not hear what it brings about itself at once, so every chain ends."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.done: deque[Deed] = deque(maxlen=_KEPT)
        self._sandbox = sandbox
        self._progress: list[Progress] = []
        self._linked: list[str] = []
        self._started_at = sandbox.clock.now()
        self._clockwork: asyncio.Task[None] | None = None
        self._pulling: set[int] = set()
        sandbox.occurrences.listen(self._hear)

    def start(self, scenario: Scenario) -> None:
        """Begin this scenario, in the place of any other; Items that are here already have the first numbers."""
        if self._clockwork:
            self._clockwork.cancel()
        self.done.clear()
        self._started_at = self._sandbox.clock.now()
        self._linked = [item.item_id for item in self._sandbox.registry]
        self._progress = [Progress(number, step) for number, step in enumerate(scenario.step, 1)]
        self._clockwork = self._sandbox.tasks.start(self._keep_time())

    def waiting(self) -> Iterator[Progress]:
        """Yield the steps that may still come."""
        return (one for one in self._progress if one.step.per_item or not one.step.is_over(one.times))

    async def _keep_time(self) -> None:
        agenda = [(one.step.at, one.number) for one in self._progress if one.step.at is not None]
        heapq.heapify(agenda)
        while agenda:
            at, number = heapq.heappop(agenda)
            await asyncio.sleep(0)  # many may be due at once, and others want to be served meanwhile
            await self._sandbox.clock.until(self._started_at + timedelta(seconds=at))
            progress = self._progress[number - 1]
            self._pull(progress, None)
            if not progress.step.is_over(progress.times):
                heapq.heappush(agenda, (at + progress.step.every, number))

    def _hear(self, occurrence: Occurrence) -> None:
        if not self._progress:
            return
        item_id = occurrence.item.item_id
        if item_id not in self._linked and occurrence.name == "item linked":
            self._linked.append(item_id)
        number = self._linked.index(item_id) + 1 if item_id in self._linked else 0
        for progress in self._progress:
            step = progress.step
            heard = step.on == occurrence.name and progress.number not in self._pulling
            if heard and step.where.fits(occurrence, number):
                key = item_id if step.per_item else ""
                progress.seen[key] += 1
                if step.comes(progress.seen[key]):
                    self._pull(progress, occurrence.item)

    def _pull(self, progress: Progress, this: Item | None) -> None:
        progress.times += 1
        self._pulling.add(progress.number)
        try:
            meant = self._meant(progress.step, this)
            for item in meant:
                deed = self._note(progress, item)
                deed.error = _try(self._sandbox, progress.step, item)
            if not meant:
                self._note(progress, None).error = f"item {progress.step.item} is not here"
        finally:
            self._pulling.discard(progress.number)
        self._sandbox.durability.note()

    def _meant(self, step: Step, this: Item | None) -> list[Item | None]:
        """Return the Items on which the lever is pulled; a single None where it is about no Item."""
        here = {item.item_id: item for item in self._sandbox.registry}
        match step.target:
            case None:
                return [None]
            case "this":
                return [this]
            case "all":
                return list(here.values())
            case int(number):
                return [item for item_id in self._linked[number - 1 : number] if (item := here.get(item_id))]
            case institution_id:
                return [item for item in here.values() if item.institution.institution_id == institution_id]

    def _note(self, progress: Progress, item: Item | None) -> Deed:
        """Return the entry of a lever that is about to be pulled: chains stand in the order in which they began."""
        after = (self._sandbox.clock.now() - self._started_at).total_seconds()
        deed = Deed(progress.number, progress.step.do, after, item.item_id if item else None)
        self.done.append(deed)
        return deed


def _try(sandbox: Sandbox, step: Step, item: Item | None) -> str | None:
    """Pull the step's lever and return why it could not be pulled, if it could not."""
    try:
        lever, ask = step.lever, step.lever.ask.model_validate(_resolved(step.body, item))
        if isinstance(lever, ItemLever):
            if item is not None:
                lever.pull(sandbox, item, ask)
        else:
            lever.pull(sandbox, ask)
    except PlaidError as refused:
        _log.warning("the scenario's %s: %s", step.do, refused)
        return str(refused)
    return None


def _resolved(body: dict[str, Any], item: Item | None) -> dict[str, Any]:
    """Return the body with the Item's own ids where it says `@this`."""
    if item is None:
        return body
    own = {"item_id": item.item_id, "institution_id": item.institution.institution_id}
    return {name: own.get(name, value) if value == THIS else value for name, value in body.items()}
