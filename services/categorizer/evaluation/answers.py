"""What the pipeline answers to a row, as production would, and whether that is right."""

from collections.abc import Mapping
from dataclasses import dataclass

from categorizer.domain.catalogue import MOST, OTHER
from categorizer.domain.decision import Decision
from categorizer.domain.pipeline import Pipeline
from categorizer.evaluation.table import Row


@dataclass(frozen=True, slots=True)
class Answer:
    """A row's answer; the category is the best guess, also where `auto` is false and the user would be asked."""

    row: Row
    category: str
    confidence: float
    source: str
    auto: bool
    is_expense: bool
    top3: tuple[str, ...]
    label_is_expense: bool

    @property
    def right(self) -> bool:
        """Whether it is the label, or another reading that is right too."""
        return self.category == self.row.label or self.category in self.row.also_ok

    @property
    def right_whether_expense(self) -> bool:
        """Whether it tells expenses from income, transfers and debt payments as the label does."""
        return self.right or self.is_expense == self.label_is_expense

    @property
    def offered(self) -> bool:
        """Whether the right category is among the three."""
        return self.row.label in self.top3 or not self.row.also_ok.isdisjoint(self.top3)

    def as_dict(self) -> Mapping[str, str]:
        """Return the prediction as it is written."""
        return {
            "id": self.row.id,
            "category": self.category,
            "confidence": f"{self.confidence:.2f}",
            "source": self.source,
            "auto": str(self.auto).lower(),
            "is_expense": str(self.is_expense).lower(),
            "top3": "|".join(self.top3),
        }


def answer(row: Row, pipeline: Pipeline) -> Answer:
    """Return what the pipeline says of a row, without anything that its user taught."""
    return of_decision(row, pipeline.categorize(row.transaction), pipeline)


def of_decision(row: Row, decision: Decision, pipeline: Pipeline) -> Answer:
    """Return a decision about a row as an answer."""
    is_expense = pipeline.catalogue.is_expense
    top3 = decision.alternatives if decision.needs_review else (decision.category, *decision.alternatives)
    category = top3[0] if top3 else OTHER
    return Answer(
        row,
        category,
        float(decision.confidence),
        decision.source,
        not decision.needs_review,
        is_expense(category),
        tuple(top3[:MOST]),
        row.label is None or is_expense(row.label),
    )
