"""From what is known of a line to how probable each category is: log-odds, added up, so that every part can be told."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from categorizer.domain.catalogue import INCOME
from categorizer.domain.text.entries import Kind
from categorizer.domain.text.lexicon import Match
from categorizer.domain.text.normalise import Line
from categorizer.domain.text.priors import Priors
from categorizer.domain.text.reading import Reader, Reading

Scores = dict[str, float]
Weighted = Sequence[tuple[str, float]]

_MOST = 4

DOUBT = 0.03
"""What stays open however clear the words are: some lines cannot be decided by their text."""


class TextModel(Protocol):
    """Speaks for words that no table knows."""

    def weigh(self, word: str) -> Weighted:
        """Return the categories that a word speaks for, with its log-odds."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Which share of its evidence an entry keeps where its place makes it less telling; set by thought, not fitted."""

    earlier_word: float = 0.75
    later_merchant: float = 0.5
    not_whole: float = 0.7
    not_first: float = 0.7
    before_trade: tuple[float, ...] = (0.25, 0.8, 1.0)
    beside_phrase: float = 0.3
    word_in: float = 0.5


class Opinion(NamedTuple):
    """What a line's text says: categories with probabilities, best first, the names that said so, and their kind.

    A `mixed` one comes from a merchant who sells everything: it suggests and does not decide. `scores` are the
    log-odds behind the ranking, of every category, for whoever has more to add.
    """

    ranking: tuple[tuple[str, float], ...]
    because: tuple[str, ...]
    source: str
    mixed: bool = False
    scores: Mapping[str, float] = MappingProxyType({})

    @property
    def category(self) -> str:
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        return self.ranking[0][1]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Adds up the evidence; `priors` by the amount, `processors` by name."""

    reader: Reader
    processors: Mapping[str, Weighted]
    priors: Priors
    model: TextModel | None = None
    weights: Weights = field(default_factory=Weights)

    def judge(self, line: Line, amount: float = 0.0) -> Opinion:
        """Return the opinion on a line; of the amount only its sign and size count, 0 where it is unknown."""
        reading = self.reader.read(line, money_in=amount < 0, money_out=amount > 0)
        scores = dict(self.priors.of(amount))
        self._add_names(scores, reading, money_in=amount < 0)
        self._add_hints(scores, reading)
        if amount < 0 and not reading.said:
            _read_as_loan(scores)
        merchant = reading.merchant
        mixed = merchant is not None and merchant.entry.kind is Kind.MIXED and not reading.said
        if amount > 0 and mixed and merchant is not None and merchant.entry.weights[0][0] == INCOME:
            _read_as_fee(scores)
        because = tuple([match.entry.name for match in (*reading.said, *reading.found)])
        return Opinion(ranked(scores), because, reading.source, mixed, scores)

    def _add_names(self, scores: Scores, reading: Reading, *, money_in: bool) -> None:
        """Add phrases in full, merchants and words less beside a phrase, words less for money that came in."""
        part = self.weights.beside_phrase if reading.said else 1.0
        words = self.weights.word_in if money_in else 1.0
        for match in reading.said:
            _add(scores, match.entry.weights, words if match.entry.kind is Kind.MIXED else 1.0)
        told = {match.entry.name for match in reading.said}
        trades = [match for match in reading.found if match.entry.kind is Kind.WORD and match.entry.name not in told]
        named = [match for match in reading.found if match.entry.kind is not Kind.WORD]
        for match in trades:
            place = 1.0 if match is trades[-1] else self.weights.earlier_word
            _add(scores, match.entry.weights, part * words * place * self._wholeness(match))
        for match in named:
            place = self._standing(match, trades) if match is named[0] else self.weights.later_merchant
            _add(scores, match.entry.weights, part * place * self._wholeness(match))

    def _wholeness(self, match: Match) -> float:
        return 1.0 if match.whole else self.weights.not_whole

    def _standing(self, match: Match, trades: Sequence[Match]) -> float:
        """A short name counts less where another trade follows (`HARTFORD FENCE`), one of a word less within a line."""
        words = match.end - match.start
        own = match.entry.weights[0][0]
        other = any(one.start > match.start and one.entry.sure and one.entry.weights[0][0] != own for one in trades)
        share = self.weights.before_trade[min(words, len(self.weights.before_trade)) - 1] if other else 1.0
        return share * self.weights.not_first if words == 1 and match.start else share

    def _add_hints(self, scores: Scores, reading: Reading) -> None:
        """Add what the processor's customers mostly are, and what the model reads in unknown words."""
        if reading.processor:
            _add(scores, self.processors.get(reading.processor, ()), 1.0)
        if self.model is not None and reading.unknown:
            share = 1 / math.sqrt(len(reading.unknown))  # several unknown words are no independent witnesses
            for word in reading.unknown:
                _add(scores, self.model.weigh(word), share)


def _add(scores: Scores, weights: Weighted, share: float) -> None:
    for category, weight in weights:
        scores[category] += share * weight


def _read_as_loan(scores: Scores) -> None:
    """Money in from a lender is the loan, no payment of it: no expense either way."""
    scores["transfer"] = max(scores["transfer"], scores["debt_payment"])
    scores["debt_payment"] = min(scores.values())


def _read_as_fee(scores: Scores) -> None:
    """Money out to whom income comes from, a processor of cards mostly, is what they take for it."""
    scores["bank_fees"] = max(scores["bank_fees"], scores[INCOME])


def ranked(scores: Mapping[str, float], doubt: float = DOUBT) -> tuple[tuple[str, float], ...]:
    """Return the best categories with their probabilities, which leave `doubt` open."""
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:_MOST]
    top = scores[best[0]]
    total = sum(map(math.exp, [score - top for score in scores.values()])) / (1 - doubt)
    return tuple([(category, math.exp(scores[category] - top) / total) for category in best])
