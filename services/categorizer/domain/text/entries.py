"""What the tables know of a name, as evidence: from how often it is right to log-odds that can be added up."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

Weights = tuple[tuple[str, float], ...]
"""Categories and the log-odds by which something speaks for them, strongest first."""

PRECISION = {"yes": 0.985, "mixed": 0.72, "weak": 0.6}
"""How often a merchant's name alone is right, by the word its writer chose; see the tables' own description."""
SAID = {"yes": 0.985, "mixed": 0.55}
"""The same of a phrase of money movement."""
SURE = 0.85
"""Precision from which a name needs no second witness."""


class Kind(IntEnum):
    """How an entry speaks: a merchant by name, a merchant who sells everything, a word of a trade."""

    MERCHANT = 0
    MIXED = 1
    WORD = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and how strongly it speaks for which categories."""

    name: str
    kind: Kind
    weights: Weights
    sure: bool = True

    def joined(self, other: "Entry") -> "Entry":
        """Return a word of both readings: none of them is sure."""
        weights = dict(other.weights)
        for category, weight in self.weights:
            weights[category] = max(weight, weights.get(category, weight))
        return Entry(self.name, self.kind, tuple(sorted(weights.items(), key=lambda pair: -pair[1])), sure=False)


@cache
def log_odds(precision: float, share: float) -> float:
    """Return the evidence that raises a category of this share, alone, to this precision."""
    return math.log(precision / (1 - precision)) - math.log(share / (1 - share))


def merchants(rows: Iterable[Mapping[str, str]], shares: Mapping[str, float]) -> Iterator[Entry]:
    """Yield the entries of `name, category, sure`; a weak name counts as a word."""
    kinds = {"yes": Kind.MERCHANT, "mixed": Kind.MIXED, "weak": Kind.WORD}
    for row in rows:
        yield _entry(row, kinds[row["sure"]], PRECISION[row["sure"]], shares)


def words(rows: Iterable[Mapping[str, str]], shares: Mapping[str, float]) -> Iterator[Entry]:
    """Yield the entries of `name, category, precision`: one for each reading."""
    for row in rows:
        yield _entry(row, Kind.WORD, float(row["precision"]), shares)


def phrases(rows: Iterable[Mapping[str, str]], shares: Mapping[str, float], direction: str) -> Iterator[Entry]:
    """Yield the entries of `name, category, direction, sure` that are said of money in this direction, in or out."""
    for row in rows:
        if row["direction"] in {direction, "both"}:
            kind = Kind.MIXED if row["sure"] == "mixed" else Kind.MERCHANT
            yield _entry(row, kind, SAID[row["sure"]], shares)


def _entry(row: Mapping[str, str], kind: Kind, precision: float, shares: Mapping[str, float]) -> Entry:
    weight = log_odds(precision, shares[row["category"]])
    return Entry(row["name"], kind, ((row["category"], weight),), precision > SURE)
