"""How much of everything a run is."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """So many users with so many transactions each, then so many seconds of so many changes a second."""

    users: int = 1_000
    transactions: int = 90
    seconds: float = 900.0
    rate: float = 15.0
    """Changes a second; Plaid rings twice for each, once in its old words."""
    kill_every: float = 30.0
    """Seconds between two kills."""
    workers: Sequence[tuple[float, int]] = ((0.0, 1), (1 / 3, 2), (2 / 3, 4))
    """From which share of the time on there are how many of each kind."""

    def __str__(self) -> str:
        return (
            f"{self.users:,} users with {self.transactions:,} transactions each, then {self.rate:g} changes/s"
            f" for {self.seconds / 60:g} min"
        )
