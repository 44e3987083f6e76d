"""What a category rule would change about transactions that are decided already."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from common.category_rules import Rule, Rules

Effect = Literal["kept", "same", "changing", "released"]
"""The rule decides it, and: its user chose its category by hand; it is as the rule says already; it becomes another.
Released: the rule decided it as it once was, and does so no more."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A posted transaction with Plaid's sign, and what stands about it; a category of None is no expense."""

    id: int
    integration_id: int
    account_id: int
    amount: Decimal
    iso_currency_code: str | None
    unofficial_currency_code: str | None
    name: str
    merchant_name: str | None
    category: str | None
    chosen: bool
    asks: bool
    rule_id: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule among its user's others, and the categories that are no expense's."""

    rule: Rule
    rules: Rules
    nonexpense: Collection[str]

    @property
    def becomes(self) -> str | None:
        """The category of what the rule decides; None where that is no expense."""
        return None if self.rule.category in self.nonexpense else self.rule.category

    def effect(self, row: Decided) -> Effect | None:
        """Return what the rule does to the transaction; None where it does not concern it."""
        first = self.rules.first(row)
        if first is None or first.id != self.rule.id:
            return "released" if row.rule_id == self.rule.id and not row.chosen else None
        if row.chosen:
            return "kept"
        return "changing" if row.asks or row.category != self.becomes else "same"


@dataclass(slots=True)
class Outlook:
    """What a rule comes to: how many of each effect, from which category to which, and the newest that it concerns."""

    candidate: Candidate
    most: int
    effects: Counter[Effect] = field(default_factory=Counter)
    changes: Counter[str | None] = field(default_factory=Counter)
    affected: list[int] = field(default_factory=list)
    """The first `most` that have to be decided anew."""
    changing: list[tuple[int, str | None]] = field(default_factory=list)
    """Those of them that change, and what they are now."""

    def add(self, row: Decided) -> None:
        """Count a transaction."""
        effect = self.candidate.effect(row)
        if effect is None:
            return
        self.effects[effect] += 1
        if effect in ("changing", "released") and len(self.affected) < self.most:
            self.affected.append(row.id)
        if effect == "changing":
            self.changes[row.category] += 1
            if len(self.changing) < self.most:
                self.changing.append((row.id, row.category))

    @property
    def matched(self) -> int:
        """How many the rule decides, whatever that changes."""
        return self.effects.total() - self.effects["released"]


def placed(ids: list[int], one: int, position: int) -> list[int]:
    """Return the order with this one, which may be new, at the position (from 1), or last if there are fewer."""
    others = [id_ for id_ in ids if id_ != one]
    return [*others[: position - 1], one, *others[position - 1 :]]
