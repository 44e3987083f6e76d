"""What happens at the stand-in, for whoever listens: a scenario does."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from plaid_sandbox.items import Item

Name = Literal[
    "item linked",
    "history read",
    "page sent",
    "sync finished",
    "webhook sent",
    "item broken",
    "item repaired",
    "item removed",
]


class Occurrence(NamedTuple):
    """Something that has just happened to an Item; `webhook_code` is of a webhook sent."""

    name: Name
    item: Item
    webhook_code: str | None = None


class Occurrences:
    """Tells at once, in the middle of the call that brought it about; without a listener nothing is told."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Occurrence], None]] = []

    def listen(self, listener: Callable[[Occurrence], None]) -> None:
        """Let this hear of everything from now on."""
        self._listeners.append(listener)

    def tell(self, name: Name, item: Item, webhook_code: str | None = None) -> None:
        """Say that this has happened."""
        for listener in self._listeners:
            listener(Occurrence(name, item, webhook_code))
