"""A circuit breaker: what failed a moment ago is left alone for a while, then tried by one caller at a time."""

import time
from collections.abc import Callable
from enum import Enum, auto


class Leave(Enum):
    """What a caller may do."""

    USE = auto()
    PROBE = auto()
    SKIP = auto()


class Circuit:
    """Opens at a failure; from `cooldown` seconds later on lets one probe through per cooldown, until one succeeds."""

    def __init__(self, cooldown: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._cooldown = cooldown
        self._clock = clock
        self._tried_at: float | None = None

    @property
    def closed(self) -> bool:
        """Whether everybody may use it."""
        return self._tried_at is None

    def ask(self) -> Leave:
        """Return what the caller may do now."""
        if self._tried_at is None:
            return Leave.USE
        if self._clock() - self._tried_at < self._cooldown:
            return Leave.SKIP
        self._tried_at = self._clock()
        return Leave.PROBE

    def succeeded(self) -> None:
        """Close: it works."""
        self._tried_at = None

    def failed(self) -> None:
        """Open, for a whole cooldown from now."""
        self._tried_at = self._clock()
