from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from categorizer.domain.refunds import MOST_DAYS, Bought, Spending, refunded

START = date(2026, 1, 1)


def spending(number: int, amount: int, day: int, account: int = 1, merchant: str = "lowes") -> Spending:
    """Return a purchase, or a refund where the amount is negative."""
    return Spending(f"key-{number:03}", number, account, merchant, "USD", Decimal(amount), START + timedelta(day))


def bought(number: int, amount: int, day: int, account: int = 1, merchant: str = "lowes") -> Bought:
    """Return what a refund may give back."""
    one = spending(number, amount, day, account, merchant)
    return Bought(one, "Lowe's", "materials", Decimal(1))


def links(refunds: list[Spending], purchases: list[Bought]) -> dict[int, int]:
    """Return which purchase each refund is linked with."""
    return {id_: purchase.transaction_id for id_, purchase in refunded(refunds, purchases).items()}


def test_exact_then_same_account_then_newest() -> None:
    """The exact amount is preferred to a part, the same account to another, the newest to older ones."""
    refund = [spending(100, -50, 20)]
    older, newer = bought(1, 50, 1), bought(2, 50, 9)
    elsewhere, larger = bought(3, 50, 10, account=2), bought(4, 70, 15)
    assert links(refund, [older, newer, elsewhere, larger]) == {100: 2}
    assert links(refund, [older, elsewhere, larger]) == {100: 1}
    assert links(refund, [elsewhere, larger]) == {100: 3}
    assert links(refund, [larger]) == {100: 4}


def test_bounds() -> None:
    """A purchase up to 180 days before, and of the day itself; none after, older, smaller, or of another merchant."""
    refund = [spending(100, -50, 200)]
    assert links(refund, [bought(1, 50, 200)]) == {100: 1}
    assert links(refund, [bought(1, 50, 200 - MOST_DAYS)]) == {100: 1}
    others = [bought(1, 50, 201), bought(2, 50, 199 - MOST_DAYS), bought(3, 49, 200), bought(4, 50, 200, merchant="x")]
    assert links(refund, others) == {}


def test_unknown_currency() -> None:
    """Of an unknown currency nothing is given back: it may be any."""
    nobody = Spending("k", 100, 1, "lowes", None, Decimal(-50), START)
    paid = Spending("p", 1, 1, "lowes", None, Decimal(50), START)
    assert refunded([nobody], [bought(1, 50, 0)._replace(spending=paid)]) == {}


REFUNDS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 400), st.integers(1, 2)), max_size=8)
PURCHASES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 400), st.integers(1, 2)), max_size=8)


@given(REFUNDS, PURCHASES, st.randoms(use_true_random=False))
def test_any_order_links_alike(
    back: list[tuple[int, int, int]], paid: list[tuple[int, int, int]], chance: Random
) -> None:
    """In any order the same; never more given back than was paid; nobody goes without while something would fit."""
    refunds = [spending(100 + n, -amount, day, account) for n, (amount, day, account) in enumerate(back)]
    purchases = [bought(n, amount, day, account) for n, (amount, day, account) in enumerate(paid)]
    found = links(refunds, purchases)
    assert links(chance.sample(refunds, len(refunds)), chance.sample(purchases, len(purchases))) == found
    left = {one.spending.transaction_id: one.spending.amount for one in purchases}
    for refund in refunds:
        if refund.transaction_id in found:
            left[found[refund.transaction_id]] += refund.amount
    assert all(amount >= 0 for amount in left.values())
    for refund in refunds:
        if refund.transaction_id not in found:
            days = {one.spending.transaction_id: (refund.date - one.spending.date).days for one in purchases}
            assert not [id_ for id_, amount in left.items() if amount >= -refund.amount and 0 <= days[id_] <= MOST_DAYS]


@given(REFUNDS, PURCHASES)
def test_later_refunds_change_nothing(back: list[tuple[int, int, int]], paid: list[tuple[int, int, int]]) -> None:
    """A refund that comes later leaves the purchases of those before it as they are."""
    refunds = [spending(100 + n, -amount, day, account) for n, (amount, day, account) in enumerate(back)]
    purchases = [bought(n, amount, day, account) for n, (amount, day, account) in enumerate(paid)]
    found = links(refunds, purchases)
    refunds.sort(key=lambda one: (one.date, one.key))
    for number in range(len(refunds)):
        earlier = {one.transaction_id for one in refunds[:number]}
        assert links(refunds[:number], purchases) == {id_: to for id_, to in found.items() if id_ in earlier}
