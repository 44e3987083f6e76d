"""How often Plaid's category is right, by code and level of confidence: Plaid's figure, corrected by outcomes."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CLAIMED = {"VERY_HIGH": 0.98, "HIGH": 0.90, "MEDIUM": 0.70, "LOW": 0.50}
"""Plaid promises more than the first two (plaid.com/docs/api/products/transactions, `confidence_level`); the others are
ours."""
UNSURE = 0.40
"""For a level that is unknown, new or missing."""
STRENGTH = 50.0
"""Outcomes that Plaid's own figure is worth: the prior is a Beta distribution of this size around it."""

Code = tuple[str | None, str | None]
"""Plaid's detailed category and its confidence level."""


class Outcomes(NamedTuple):
    """How often users who said what it was agreed with Plaid's category, and how often they did not."""

    right: float
    wrong: float


class Reliability:
    """Looks up how often a code of a level is right; the outcomes may be replaced while it is in use."""

    def __init__(self, outcomes: Iterable[tuple[Code, Outcomes]] = ()) -> None:
        self._estimates: Mapping[Code, float] = {}
        self.learn(outcomes)

    def learn(self, outcomes: Iterable[tuple[Code, Outcomes]]) -> None:
        """Take these outcomes, and none that were known before."""
        self._estimates = {code: _estimate(code, seen) for code, seen in outcomes}

    def of(self, detailed: str | None, level: str | None) -> float:
        """Return the probability (0 to 1) that a code of this level is right; without outcomes it is Plaid's figure."""
        known = self._estimates.get((detailed, level))
        return claimed(level) if known is None else known


def claimed(level: str | None) -> float:
    """Return what Plaid says of its confidence level, as a probability."""
    return CLAIMED.get(level or "", UNSURE)


def _estimate(code: Code, seen: Outcomes) -> float:
    """Return the mean of the Beta distribution after the outcomes."""
    return (claimed(code[1]) * STRENGTH + seen.right) / (STRENGTH + seen.right + seen.wrong)
