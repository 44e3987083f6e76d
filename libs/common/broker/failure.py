"""What becomes of a message whose handler failed: decided here for both brokers."""

from dataclasses import dataclass
from datetime import timedelta

from common.broker import Poison
from common.broker.topology import Queue

LONGEST = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """The decision: wait for `delay` and try again, or, where it is None, be buried for `reason`."""

    delay: timedelta | None
    reason: str
    exception: str


def judge(queue: Queue, attempt: int, error: BaseException) -> Failure:
    """Return what follows from the `attempt`-th try ending in `error`."""
    name = type(error).__name__
    exception = f"{name}: {error}"[:LONGEST] if str(error) else name
    if isinstance(error, Poison):
        return Failure(None, "poison", exception)
    if attempt > len(queue.delays):
        return Failure(None, f"failed {attempt} times", exception)
    return Failure(queue.delays[attempt - 1], "", exception)
