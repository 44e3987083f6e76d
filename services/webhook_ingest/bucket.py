"""A token bucket: bursts up to its capacity, then a steady rate."""

import time
from collections.abc import Callable


class Bucket:
    """Holds up to `capacity` tokens and gains `per_second`; starts full."""

    def __init__(self, capacity: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._clock = clock
        self._tokens = float(capacity)
        self._counted_at = clock()

    def take(self) -> bool:
        """Take a token; return whether there was one."""
        now = self._clock()
        self._tokens = min(self._capacity, self._tokens + (now - self._counted_at) * self._per_second)
        self._counted_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
