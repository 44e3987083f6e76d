"""A year's expenses on the lines of IRS Schedule C, each currency apart, and what is on none."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

LeftOut = Literal["personal", "needs_review", "excluded"]


@dataclass(frozen=True, slots=True)
class Total:
    """So much in so many expenses."""

    amount: Decimal = Decimal(0)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What one category has in one currency, and why it is on no line if it is left out."""

    currency: str | None
    unofficial_currency: str | None
    category: str
    line: str | None
    left_out: LeftOut | None
    total: Total


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form and the categories on it, largest first."""

    name: str
    total: Total
    shares: Sequence[Share]


@dataclass(frozen=True, slots=True)
class Form:
    """One currency's Schedule C."""

    currency: str | None
    unofficial_currency: str | None
    lines: Sequence[Line]
    total: Total
    personal: Total
    needs_review: Total
    excluded: Total


def forms(shares: Sequence[Share]) -> list[Form]:
    """Return a form for each currency, official ones first; every share is on exactly one line or left out once."""
    currencies = {(share.currency, share.unofficial_currency) for share in shares}
    return [
        _form(currency, [share for share in shares if (share.currency, share.unofficial_currency) == currency])
        for currency in sorted(currencies, key=lambda one: (one[0] is None, one[0] or "", one[1] or ""))
    ]


def _form(currency: tuple[str | None, str | None], shares: Sequence[Share]) -> Form:
    def left_out(why: LeftOut) -> Total:
        return _sum(shares, lambda share: share.left_out == why)

    names = sorted({share.line for share in shares if share.line and not share.left_out}, key=_place)
    return Form(
        *currency,
        lines=[_line(name, [share for share in shares if share.line == name and not share.left_out]) for name in names],
        total=_sum(shares, lambda share: not share.left_out),
        personal=left_out("personal"),
        needs_review=left_out("needs_review"),
        excluded=left_out("excluded"),
    )


def _line(name: str, shares: Sequence[Share]) -> Line:
    ordered = sorted(shares, key=lambda share: (-share.total.amount, share.category))
    return Line(name, _sum(shares, lambda _share: True), ordered)


def _sum(shares: Iterable[Share], belongs: Callable[[Share], bool]) -> Total:
    totals = [share.total for share in shares if belongs(share)]
    return Total(sum((total.amount for total in totals), Decimal(0)), sum(total.count for total in totals))


def _place(line: str) -> tuple[int, str]:
    """Return where a line stands on the form: 9 before 16b before 20a."""
    number = re.match(r"\d+", line)
    return (int(number[0]) if number else 0, line)
