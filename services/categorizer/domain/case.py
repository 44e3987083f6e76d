"""A transaction with everything that a decision about it may rest on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from categorizer.domain.catalogue import Catalogue
from categorizer.domain.decision import Decision
from categorizer.domain.memory import Memory
from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import Partners
from categorizer.domain.text.evidence import Opinion
from categorizer.domain.text.normalise import Line
from categorizer.domain.transaction import Transaction
from common.category_rules import Rules


@dataclass(frozen=True, slots=True)
class Taught:
    """What the user has told us: rules laid down, and answers given."""

    rules: Rules = field(default_factory=Rules)
    memory: Memory = field(default_factory=Memory)


UNTAUGHT = Taught()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How sure (0 to 1) an answer must be to stand without asking."""

    review_below: Decimal = Decimal("0.8")
    memory_below: Decimal = Decimal("0.8")

    def of(self, source: str) -> Decimal:
        """Return what holds for a stage's answers; what the user has answered before has a threshold of its own."""
        return self.memory_below if source == "memory" else self.review_below


USUAL = Thresholds()


@dataclass(frozen=True, slots=True)
class Case:
    """A transaction, its text as read and judged, what its user taught, its partners; what there is to choose from."""

    transaction: Transaction
    line: Line
    opinion: Opinion
    taught: Taught
    partners: Partners
    catalogue: Catalogue
    thresholds: Thresholds

    @property
    def merchant(self) -> Merchant:
        """Whom the money went to or came from."""
        return Merchant(self.transaction.merchant_entity_id, self.line.key)


Stage = Callable[[Case], Decision | None]
"""Answers, or leaves it to the next; an answer below the thresholds is a question already."""
