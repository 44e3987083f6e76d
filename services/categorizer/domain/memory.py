"""What a user's own answers say about a merchant, and how far that may be trusted.

Nothing here is stored: memory is what the user's expenses say at the moment that it is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from categorizer.domain.merchant import Merchant

RIGHT_AFTER = (0.84, 0.91, 0.94)
"""How often repeating the last answer is right after one, two, three that agree: measured on streams of cards."""
OF_OTHERS = 0.64
"""How often another card's answer about the merchant is right, measured too: what one's own is worth in the end."""
HALF_LIFE_DAYS = 4 * 365
"""In which half of what one's own answer is worth more is lost; not measured: the answer about a yearly bill holds
for the next one."""
CONTRADICTED = 0.1
"""What an answer to the contrary among the remembered ones costs; not measured."""
REMEMBERED = 5
"""Answers that count for a merchant, the newest."""
SETTLED = 3
"""Agreeing answers that it takes where one merchant is many things, or where the user's answers are divided."""


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """What a user said that a transaction was, by choosing or confirming its category; newer ones are greater."""

    at: datetime
    transaction_id: int
    category: str


@dataclass(frozen=True, slots=True)
class Recall:
    """What the answers about a merchant come to; `confidence` is 0 to 1, `others` were answered before."""

    category: str
    agreeing: int
    others: tuple[str, ...]
    confidence: float
    last: date

    @property
    def divided(self) -> bool:
        """Whether the user has answered otherwise too."""
        return bool(self.others)


class Memory:
    """The answers of one user, by merchant and direction of money; never shared between users."""

    def __init__(self, answers: Iterable[tuple[str, bool, Answer]] = ()) -> None:
        """Take answers in any order, each under one of its merchant's keys, `True` for money that came in."""
        self._answers: dict[tuple[str, bool], list[Answer]] = {}
        for key, money_in, answer in answers:
            self._answers.setdefault((key, money_in), []).append(answer)
        for newest_first in self._answers.values():
            newest_first.sort(reverse=True)

    def __bool__(self) -> bool:
        """Whether anything was answered at all."""
        return bool(self._answers)

    def learn(self, merchant: Merchant, answer: Answer, *, money_in: bool) -> None:
        """Remember one more answer, under all of its merchant's keys."""
        for key in merchant.keys:
            answers = self._answers.setdefault((key, money_in), [])
            answers.append(answer)
            answers.sort(reverse=True)

    def recall(self, merchant: Merchant, *, money_in: bool, on: date, but: int) -> Recall | None:
        """Return what the user's answers about the merchant come to on a day, without the one about transaction `but`.

        The surest key decides under which there is one; None where there is none.
        """
        for key in merchant.keys:
            answers = [one for one in self._answers.get((key, money_in), ()) if one.transaction_id != but]
            if answers:
                return recall(answers[:REMEMBERED], on)
        return None


def recall(answers: Sequence[Answer], on: date) -> Recall:
    """Return what answers, the newest first, come to: the newest, as sure as those before it agree without a break."""
    newest = answers[0]
    categories = [one.category for one in answers]
    others = tuple(dict.fromkeys(one for one in categories if one != newest.category))
    agreeing = next((at for at, one in enumerate(categories) if one != newest.category), len(categories))
    sure = RIGHT_AFTER[min(agreeing, len(RIGHT_AFTER)) - 1] - (CONTRADICTED if others else 0)
    last = newest.at.date()
    return Recall(newest.category, agreeing, others, _aged(sure, (on - last).days), last)


def _aged(sure: float, days: int) -> float:
    """An answer grows old towards what a stranger's is worth, and never beyond; it is not older than the day asked."""
    left: float = 0.5 ** (max(0, days) / HALF_LIFE_DAYS)
    return OF_OTHERS + (sure - OF_OTHERS) * left if sure > OF_OTHERS else sure


def together(one: float, other: float) -> float:
    """Return how sure two independent witnesses make who agree: wrong only where both are."""
    return 1 - (1 - one) * (1 - other)
