"""One user's stream: rows as often as they occur, in chance order, and a user who answers each question once.

No real stream: the rows have no cards and no days, so each slice is taken for a user's, and the label for the answer.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from categorizer.domain.case import Taught
from categorizer.domain.memory import Answer as Taught_
from categorizer.domain.memory import Memory
from categorizer.domain.pipeline import Pipeline
from categorizer.evaluation.answers import of_decision
from categorizer.evaluation.table import Row

MOST = 12
"""Times that a row is repeated at most: a few merchants would else be all that is measured."""
SEEDS = 3
AT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Replay:
    """Counts of streams: transactions, questions, of those with the answer offered, posted by memory, wrong."""

    transactions: int = 0
    asked: int = 0
    offered: int = 0
    from_memory: int = 0
    wrong: int = 0
    wrong_from_memory: int = 0

    def add(self, other: "Replay") -> None:
        """Take another's counts in."""
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)

    @property
    def right_in_the_end(self) -> float:
        """The share that is right once every question is answered."""
        return 1 - self.wrong / max(1, self.transactions)

    @property
    def posted(self) -> float:
        """The share that nobody was asked about."""
        return 1 - self.asked / max(1, self.transactions)

    @property
    def posted_right(self) -> float:
        """The share of those that is right."""
        return 1 - self.wrong / max(1, self.transactions - self.asked)

    @property
    def offered_when_asked(self) -> float:
        """The share of questions whose answer was among the three."""
        return self.offered / max(1, self.asked)


def replay(rows: Sequence[Row], pipeline: Pipeline) -> Replay:
    """Return what came of a slice's streams together."""
    total = Replay()
    for seed in range(SEEDS):
        total.add(_stream(rows, pipeline, seed))
    return total


def _stream(rows: Sequence[Row], pipeline: Pipeline, seed: int) -> Replay:
    repeated = [row for row in rows for _ in range(min(MOST, max(1, int(row.weight))))]
    random.Random(seed).shuffle(repeated)  # noqa: S311 - a reproducible shuffle
    memory, count = Memory(), Replay(len(repeated))
    for number, row in enumerate(repeated, 1):
        transaction = row.transaction._replace(id=number)
        decision = pipeline.categorize(transaction, Taught(memory=memory))
        found = of_decision(row, decision, pipeline)
        if found.auto:
            count.wrong += not found.right
            count.from_memory += decision.source == "memory"
            count.wrong_from_memory += decision.source == "memory" and not found.right
            continue
        count.asked += 1
        count.offered += found.offered
        answered = Taught_(AT, number, row.label or "")
        memory.learn(pipeline.merchant(transaction), answered, money_in=transaction.money_in)
    return count
