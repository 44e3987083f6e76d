"""Which of a user's category rules decides a transaction: one law, for who decides and for who shows it beforehand."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

INCOME = "income"
Money = Literal["in", "out"]


class Movement(Protocol):
    """A bank transaction as a rule sees it; the amount has Plaid's sign, positive = money out of the account."""

    @property
    def account_id(self) -> int: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def iso_currency_code(self) -> str | None: ...
    @property
    def unofficial_currency_code(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def merchant_name(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that must all hold, and the category that follows; what is None is no condition.

    Amounts are sizes without a sign, both ends included, of one currency: no amount is compared with another's.
    """

    id: int
    category: str
    contains: str | None = None
    equals: str | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    currency: str | None = None
    account_id: int | None = None
    money: Money | None = None

    def covers(self, movement: Movement) -> bool:
        """Return whether all conditions but those on the text hold."""
        went_out, size = movement.amount > 0, abs(movement.amount)
        currency = movement.iso_currency_code or movement.unofficial_currency_code
        return (
            not (went_out and self.category == INCOME)  # money that went out is no income, whatever it is called
            and (self.money is None or (self.money == "out") == went_out)
            and (self.account_id is None or self.account_id == movement.account_id)
            and (self.currency is None or self.currency == currency)
            and (self.min_amount is None or self.min_amount <= size)
            and (self.max_amount is None or size <= self.max_amount)
        )

    @property
    def words(self) -> str:
        """The conditions in plain words: `text contains “shell”, 10 to 50.00 USD, money out`."""
        words = [f"text contains “{self.contains}”"] if self.contains is not None else []
        words += [f"text is “{self.equals}”"] if self.equals is not None else []
        words += [self._range] if self.currency is not None else []
        words += [f"money {self.money}"] if self.money is not None else []
        words += ["on this account"] if self.account_id is not None else []
        return ", ".join(words)

    @property
    def _range(self) -> str:
        low, high = (None if one is None else format(one, "f") for one in (self.min_amount, self.max_amount))
        if low is None:
            return f"up to {high} {self.currency}" if high is not None else f"in {self.currency}"
        return f"{low} to {high} {self.currency}" if high is not None else f"{low} {self.currency} or more"


class Rules:
    """A user's rules in their order."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._rules = [(rule, _plain(rule.contains), _plain(rule.equals)) for rule in rules]

    def first(self, movement: Movement) -> Rule | None:
        """Return the first rule that matches, which is the one that decides."""
        if not self._rules:
            return None
        name, merchant = plain(movement.name), plain(movement.merchant_name or "")
        # The texts first: they tell most rules apart, at the least cost. An empty one stands nowhere, lest everywhere.
        for rule, contains, equals in self._rules:
            if (
                (contains is None or (contains != "" and (contains in name or contains in merchant)))
                and (equals is None or (equals != "" and equals in (name, merchant)))
                and rule.covers(movement)
            ):
                return rule
        return None


def _plain(text: str | None) -> str | None:
    return None if text is None else plain(text)


def plain(text: str) -> str:
    """Return the text as rules compare it: whatever its case, accents, width and spaces.

    Unicode's compatibility caseless matching (The Unicode Standard, 3.13, D146), then without combining marks.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold()).casefold()
    marked = unicodedata.normalize("NFKD", folded)
    return " ".join("".join(char for char in marked if not unicodedata.combining(char)).split())
