from decimal import Decimal
from random import Random

from link_api.domain.schedule_c import LeftOut, Share, Total, forms

WHYS: list[LeftOut | None] = [None, None, "personal", "needs_review", "excluded"]
LINES = ["9", "16b", "20a", "24b", "38 (Part III) or 22", "8", "27b (or 18)"]


def share(
    line: str | None,
    amount: str = "1",
    *,
    category: str = "a",
    currency: str | None = "USD",
    why: LeftOut | None = None,
) -> Share:
    return Share(currency, None if currency else "BTC", category, line, why, Total(Decimal(amount), 1))


def test_lines_stand_in_the_forms_order() -> None:
    """9 before 16b before 20a, as on paper."""
    [form] = forms([share(line) for line in LINES])
    assert [line.name for line in form.lines] == ["8", "9", "16b", "20a", "24b", "27b (or 18)", "38 (Part III) or 22"]


def test_every_share_counts_once() -> None:
    """Whatever there is: lines and what is left out add up to all of it, exactly, in each currency apart."""
    dice = Random(3)  # noqa: S311 - a play
    shares = [
        share(
            dice.choice(LINES),
            f"{dice.randrange(-500, 500)}.{dice.randrange(10**6):06}",
            category=dice.choice("abc"),
            currency=dice.choice(["USD", "CAD", None]),
            why=dice.choice(WHYS),
        )
        for _ in range(200)
    ]
    made = forms(shares)
    assert [form.currency for form in made] == ["CAD", "USD", None]
    for form in made:
        own = [one for one in shares if one.currency == form.currency]
        totals = [form.total, form.personal, form.needs_review, form.excluded]
        assert sum(total.amount for total in totals) == sum(one.total.amount for one in own)
        assert sum(total.count for total in totals) == len(own)
        assert form.total == Total(
            sum((line.total.amount for line in form.lines), Decimal(0)), sum(line.total.count for line in form.lines)
        )
        for line in form.lines:
            assert line.total.amount == sum(one.total.amount for one in line.shares)
            assert {(one.line, one.left_out) for one in line.shares} == {(line.name, None)}


def test_what_is_left_out_makes_no_line() -> None:
    """A line with nothing on it is not shown; a currency is, also if all of it is left out. Nothing makes no form."""
    [form] = forms([share("9", "5", why="excluded"), share("9", "7", why="needs_review"), share(None, why="personal")])
    assert (form.lines, form.total) == ([], Total())
    assert [form.excluded, form.needs_review, form.personal] == [Total(Decimal(n), 1) for n in (5, 7, 1)]
    assert forms([]) == []


def test_categories_on_a_line_come_largest_first() -> None:
    """The reader sees first what the line is made of most."""
    [form] = forms([share("9", amount, category=name) for amount, name in [("1", "x"), ("3", "y"), ("1", "w")]])
    assert [one.category for one in form.lines[0].shares] == ["y", "w", "x"]
