"""A small text model of single words, by how they begin and end: for words that no table knows.

Counts only, so the same examples give the same model; trained in a second on our own names, or on a deployment's own.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from categorizer.domain.text.entries import Weights

METHOD = "word ends 1"
"""Moves on when the same examples give another model."""

SHORTEST = 3
"""Letters of a word that is looked at."""
_LEAST = 2.0
"""How often a piece must have been seen to be kept."""
_MOST = 3
"""Categories that are kept of a piece."""
_FAINT = 0.7
"""Log-odds under which a piece says nothing."""
_SCALE = 0.3
"""The part of a piece's evidence that counts: pieces of a word overlap."""
_BOUND = 1.0
"""The most log-odds that a word may bring, so that it never decides alone."""


class Example(NamedTuple):
    """A name, its words as a line's are read, and its category; one of a greater weight counts as so many."""

    name: str
    category: str
    weight: float = 1.0


class WordModel:
    """For every piece of a word the few categories that it speaks for; `version` says how and of what it was made."""

    def __init__(self, pieces: Mapping[str, Weights], version: str = "") -> None:
        self.pieces = pieces
        self.version = version
        self.weigh = lru_cache(maxsize=20_000)(self._weigh)

    @property
    def digest(self) -> str:
        """What tells it from models of other words: the end of its version."""
        return self.version.rpartition(" ")[2]

    def _weigh(self, word: str) -> Weights:
        """Return the categories that a word speaks for, in log-odds."""
        if len(word) < SHORTEST:
            return ()
        total: dict[str, float] = {}
        for piece in _pieces(word):
            for category, weight in self.pieces.get(piece, ()):
                total[category] = total.get(category, 0.0) + weight
        return tuple([(category, min(_BOUND, weight * _SCALE)) for category, weight in total.items()])


def train(examples: Iterable[Example]) -> WordModel:
    """Return the model of the examples; their order does not matter."""
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    totals: dict[str, float] = defaultdict(float)
    sources = sha256(METHOD.encode())
    for name, category, weight in sorted(examples):
        sources.update(f"\n{name}\t{category}\t{weight}".encode())
        for word in _words(name):
            totals[category] += weight
            for piece in set(_pieces(word)):
                counts[piece][category] += weight
    floor = sum(totals.values()) / max(1, len(totals)) / 4
    common = ((piece, seen) for piece, seen in sorted(counts.items()) if sum(seen.values()) >= _LEAST)
    table = {piece: best for piece, seen in common if (best := _best(seen, totals, floor))}
    return WordModel(table, f"{METHOD}, {sources.hexdigest()[:12]}")


def _words(name: str) -> list[str]:
    return [word for word in name.split() if len(word) >= SHORTEST and word.isalpha()]


def _pieces(word: str) -> tuple[str, ...]:
    """Return what a word is seen as: itself, its beginnings and endings of 4 and 5 letters, its border being one."""
    bordered = f"<{word}>"
    return word, bordered[:4], bordered[:5], bordered[-4:], bordered[-5:]


def _best(seen: Mapping[str, float], totals: Mapping[str, float], floor: float) -> Weights:
    """Return the log-odds of the categories that have a piece more often than others; rare ones count less."""
    share = {category: count / max(totals[category], floor) for category, count in seen.items()}
    times = sum(seen.values())
    whole, trust = sum(share.values()), times / (times + 3)
    odds = [(category, math.log(1 + part / whole * len(totals)) * trust) for category, part in share.items()]
    best = sorted(odds, key=lambda pair: (-pair[1], pair[0]))[:_MOST]
    return tuple((category, round(weight, 4)) for category, weight in best if weight > _FAINT)
