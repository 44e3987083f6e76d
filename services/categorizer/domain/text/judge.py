"""Everything that judges a bank's line, put together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from categorizer.domain.text.evidence import Opinion, Scorer
from categorizer.domain.text.normalise import Line, Normaliser
from categorizer.domain.text.suggestions import suggestions

UNHEARD_OF = -7.0
"""Log-odds of a category that the table of usual ones does not have."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Reads lines and says what they mean; `neighbours` are the categories that people mix one up with."""

    normaliser: Normaliser
    scorer: Scorer
    neighbours: Mapping[str, Sequence[str]]

    def read(self, text: str) -> Line:
        """Return the line's words, and the key of its merchant; never fails."""
        return self.normaliser.read(text)

    def judge(self, line: Line, amount: Decimal) -> Opinion:
        """Return how probable each category is; the amount has Plaid's sign, 0 where it is unknown."""
        return self.scorer.judge(line, float(amount))

    def prior(self, category: str, amount: Decimal) -> float:
        """Return how probable (log) a category is by the amount alone."""
        return self.scorer.priors.of(float(amount)).get(category, UNHEARD_OF)

    def suggestions(self, ranking: Sequence[tuple[str, float]], wrong: Collection[str] = ()) -> tuple[str, ...]:
        """Return up to three categories to offer, likeliest first, but for those that it cannot be."""
        return suggestions(ranking, self.neighbours, wrong)
