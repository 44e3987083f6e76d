"""Dead letters as an operator sees and chooses them; nothing of a body is told but what our events say: ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from common.broker.rabbit.letter import Letter
from common.broker.topology import QUEUES, Queue
from common.events import EVENTS

DEAD = ".dead"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters: of these names, of this queue, with these words in reason or exception, dead for longer."""

    names: Sequence[str] = ()
    queue: str | None = None
    reason: str | None = None
    older: timedelta | None = None

    @property
    def is_of_all(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.names or self.queue or self.reason or self.older)

    @property
    def queues(self) -> list[Queue]:
        """The queues to look into; raises LookupError where there is none of that name."""
        found = [queue for queue in QUEUES if self.queue in {None, queue.name, queue.name + DEAD}]
        if not found:
            raise LookupError(self.queue)
        return found

    def takes(self, letter: Letter, now: datetime) -> bool:
        """Return whether a letter of these queues is meant; one that does not tell its age is older than nothing."""
        if self.names and letter.name not in self.names:
            return False
        if self.reason and self.reason.lower() not in f"{letter.reason} {letter.exception}".lower():
            return False
        return self.older is None or (letter.buried_at is not None and now - letter.buried_at > self.older)


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter in a list; `ours`: a process of ours made it, so that it can be replayed."""

    id: str
    queue: str
    type: str
    ours: bool
    reason: str
    exception: str
    tries: int | None
    buried_at: datetime | None
    correlation_id: str | None


def line(letter: Letter) -> Dead:
    """Return a letter as it stands in a list."""
    return Dead(
        id=letter.name,
        queue=letter.queue.name,
        type=letter.properties.message_type or "",
        ours=letter.is_ours,
        reason=letter.reason,
        exception=letter.exception,
        tries=letter.attempt,
        buried_at=letter.buried_at,
        correlation_id=letter.properties.correlation_id,
    )


def detail(letter: Letter) -> dict[str, Any]:
    """Return what may be told of a letter: its headers' values only where it is ours, and its event's fields."""
    ours = {name: str(value) for name, value in letter.headers.items() if name.startswith("x-") and letter.is_ours}
    return {
        "first_failed_at": letter.first_failed_at,
        "sent_at": letter.properties.timestamp,
        "bytes": len(letter.body),
        "headers": ours or sorted(letter.headers),
        "body": body(letter),
    }


def body(letter: Letter) -> object:
    """Return the fields that we know of an event of ours, which are ids and words of Plaid's; of all else, why not."""
    event = EVENTS.get(letter.properties.message_type or "")
    if event is None or not letter.is_ours:
        return "not an event of ours, so it is not shown"
    try:
        return event.model_validate_json(letter.body).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['type']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        return f"cannot be read ({problems})"
