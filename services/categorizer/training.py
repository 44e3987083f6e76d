"""A model of words that has also learned from what a deployment's users chose, and whether that helped."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from categorizer.data import text_tables
from categorizer.domain.text.judge import Judge
from categorizer.domain.text.model import Example, WordModel, train
from categorizer.store.choices import Choice

PARTS = 5
"""One merchant in so many is held out to measure with."""
MOST = 3.0
"""As so many names of our own a merchant counts at most, however many users say the same."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Choices that the model had not seen, and how many of them it read right without and with the others."""

    held_out: int
    before: int
    after: int


def train_with(choices: Iterable[Choice]) -> WordModel:
    """Return the model of our own tables and of these choices."""
    judge = text_tables.judge()
    return train((*text_tables.examples(), *_examples(judge, choices)))


def compare(choices: Sequence[Choice]) -> Comparison:
    """Learn from the choices of four merchants in five, and judge those of the fifth; the same ones every time."""
    before = text_tables.judge()
    held_out = [choice for choice in choices if _is_held_out(before, choice)]
    learned = train_with(choice for choice in choices if not _is_held_out(before, choice))
    return Comparison(len(held_out), _right(before, held_out), _right(text_tables.judge(learned), held_out))


def _examples(judge: Judge, choices: Iterable[Choice]) -> Iterator[Example]:
    """Yield a merchant's words and a category once, weighing as many users as said so, within bounds."""
    said = Counter({(_name(judge, choice), choice.category, choice.user_id): 1 for choice in choices})
    users = Counter((name, category) for name, category, _ in said if name)
    for (name, category), times in users.items():
        yield Example(name, category, min(float(times), MOST))


def _name(judge: Judge, choice: Choice) -> str:
    return " ".join(judge.read(choice.line).words)


def _is_held_out(judge: Judge, choice: Choice) -> bool:
    return sha256(judge.read(choice.line).key.encode()).digest()[0] % PARTS == 0


def _right(judge: Judge, choices: Sequence[Choice]) -> int:
    found = (judge.judge(judge.read(choice.line), choice.amount).category for choice in choices)
    return sum(one == choice.category for one, choice in zip(found, choices, strict=True))
