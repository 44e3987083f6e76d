"""How many calls a user may make: as an operator writes it, and as a client reads it.

The fields are those of draft-ietf-httpapi-ratelimit-headers-11, structured (RFC 9651).
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

WINDOWS = {"sec": 1, "min": 60, "hour": 3_600}
SHAPE = re.compile(rf"([1-9][0-9]{{0,5}})/({'|'.join(WINDOWS)})")
OFF = "off"


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls at once, which come back evenly over a window of so many seconds."""

    calls: int
    seconds: int

    @property
    def pause(self) -> timedelta:
        """How long one call takes to come back."""
        return timedelta(seconds=self.seconds) / self.calls

    def left(self, used: float) -> int:
        """Return how many calls may be made now, when what was used comes back in so many seconds."""
        pause = self.pause.total_seconds()
        return max(0, int((self.calls * pause - used) / pause))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user has left, and in how many seconds there is more: the whole quota, or a call where none is left."""

    quota: Quota
    left: int
    seconds: float

    @property
    def headers(self) -> dict[str, str]:
        """The fields that tell it."""
        return {
            "RateLimit-Policy": f'"user";q={self.quota.calls};w={self.quota.seconds}',
            "RateLimit": f'"user";r={self.left};t={max(1, ceil(self.seconds))}',
        }


def read(text: str) -> Quota | None:
    """Return the quota that "600/min" means, None for "off"; raise ValueError for anything else."""
    if text == OFF:
        return None
    match = SHAPE.fullmatch(text)
    if match is None:
        raise ValueError('must look like "600/min" (sec, min, hour), or be "off"')
    return Quota(int(match[1]), WINDOWS[match[2]])
