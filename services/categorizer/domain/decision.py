"""An answer to what a transaction was."""

from dataclasses import dataclass, field
from decimal import Decimal

_HUNDREDTHS = tuple(Decimal(number).scaleb(-2) for number in range(101))


@dataclass(frozen=True, slots=True)
class Decision:
    """A category, how sure we are (0 to 1), which stage said so, and why in plain words; `rule_id` is the user's rule.

    While it needs review the category is `other`, and the alternatives hold what it would have been.
    """

    category: str
    confidence: Decimal
    source: str
    reason: str
    needs_review: bool = False
    alternatives: tuple[str, ...] = field(default=(), compare=False)
    rule_id: int | None = None


def hundredths(probability: float) -> Decimal:
    """Return a probability (0 to 1) in whole hundredths, rounded down: nobody is surer than the figure says."""
    return _HUNDREDTHS[int(probability * 100 + 1e-9)]
