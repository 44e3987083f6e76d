"""A small text model of single words, by how they begin and end: for words that no table knows.

Counts only, so the same rows give the same model; trained in a second on our own names, or on a deployment's own.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

SHORTEST = 3
_FAINT = 0.7
"""Log-odds under which a piece says nothing."""
_ENDS = (4, 5)
"""Letters of a beginning or an ending, with the word's border as one."""

Weighted = tuple[tuple[str, float], ...]


def pieces(word: str) -> Iterator[str]:
    """Return what a word is seen as: itself, its beginnings and its endings."""
    yield word
    bordered = f"<{word}>"
    for size in _ENDS:
        yield bordered[:size]
        yield bordered[-size:]


class WordModel:
    """For every piece the few categories it speaks for; a word's evidence is their sum, scaled: pieces overlap."""

    def __init__(self, table: Mapping[str, Weighted], scale: float = 0.2, bound: float = 0.8) -> None:
        self.table = table
        self._scale = scale
        self._bound = bound
        self.weigh = lru_cache(maxsize=20_000)(self._weigh)

    def _weigh(self, word: str) -> Weighted:
        """Return the categories that a word speaks for, in log-odds, bounded so that it never decides alone."""
        if len(word) < SHORTEST:
            return ()
        total: dict[str, float] = defaultdict(float)
        for piece in pieces(word):
            for category, weight in self.table.get(piece, ()):
                total[category] += weight * self._scale
        return tuple((category, min(self._bound, weight)) for category, weight in total.items())


def train(names: Iterable[tuple[Sequence[str], str, float]], least: float = 2.0, keep: int = 3) -> WordModel:
    """Return the model of labelled names `(words, category, weight)`; rarer pieces than `least` are left out."""
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    totals: dict[str, float] = defaultdict(float)
    for words, category, weight in names:
        for word in words:
            if len(word) >= SHORTEST:
                totals[category] += weight
                for piece in set(pieces(word)):
                    counts[piece][category] += weight
    floor = sum(totals.values()) / max(1, len(totals)) / 4
    common = ((piece, seen) for piece, seen in counts.items() if sum(seen.values()) >= least)
    table = {piece: best for piece, seen in common if (best := _best(seen, totals, floor, keep))}
    return WordModel(table)


def _best(seen: Mapping[str, float], totals: Mapping[str, float], floor: float, keep: int) -> Weighted:
    """Return the log-odds of the categories that have a piece more often than others; rare ones count less."""
    share = {category: count / max(totals[category], floor) for category, count in seen.items()}
    whole, trust = sum(share.values()), _trust(sum(seen.values()))
    odds = ((category, math.log(1 + part / whole * len(totals)) * trust) for category, part in share.items())
    best = sorted(odds, key=lambda pair: (-pair[1], pair[0]))[:keep]
    return tuple(pair for pair in best if pair[1] > _FAINT)


def _trust(times: float) -> float:
    """Return how much a piece is believed that was seen so many times."""
    return times / (times + 3)
