"""What an amount alone makes probable, before a word is read."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_STEPS = 10
_LOW, _HIGH = 0, 5


@dataclass(frozen=True, slots=True)
class Usual:
    """A category's share of payments, and its usual amount: log10 of the middle one, and its spread."""

    category: str
    share: float
    middle: float
    spread: float


class Priors:
    """Log-odds of categories by amount, from general knowledge: a coffee is 6, a rent is 1,000; too weak to decide."""

    def __init__(
        self, usual: Iterable[Usual], incoming: Mapping[str, float], *, bound: float = 1.2, trust: float = 0.7
    ) -> None:
        """Take what is usual; an amount moves the odds by `trust` of what it says, and that by `bound` at most."""
        usual = list(usual)
        self._unknown = {one.category: math.log(one.share) for one in usual}
        self._out = [self._at(usual, _LOW + step / _STEPS, bound, trust) for step in range((_HIGH - _LOW) * _STEPS + 1)]
        self._in = {one.category: math.log(incoming.get(one.category, one.share / 10)) for one in usual}

    @staticmethod
    def _at(usual: list[Usual], size: float, bound: float, trust: float) -> dict[str, float]:
        fits = {one.category: -(((size - one.middle) / one.spread) ** 2) / 2 - math.log(one.spread) for one in usual}
        middle = sum(one.share * fits[one.category] for one in usual) / sum(one.share for one in usual)
        return {
            one.category: math.log(one.share) + trust * max(-bound, min(bound, fits[one.category] - middle))
            for one in usual
        }

    def of(self, amount: float) -> Mapping[str, float]:
        """Return the priors of an amount with Plaid's sign; of 0, the unknown one, those of no amount."""
        if amount < 0:
            return self._in
        if not amount:
            return self._unknown
        step = round((math.log10(min(max(amount, 1.0), 10.0**_HIGH)) - _LOW) * _STEPS)
        return self._out[step]
