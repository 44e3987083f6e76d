from datetime import date
from decimal import Decimal

import pytest

from link_api.domain.filters import BadFilter, Filter

DAY = date(2026, 11, 20)
DIFFERENT = (
    Filter(),
    Filter(first_day=DAY),
    Filter(last_day=DAY),
    Filter(categories=("fuel",)),
    Filter(categories=("fuel", "meals")),
    Filter(categories=("fuelmeals",)),
    Filter(account_id=1),
    Filter(text="1"),
    Filter(text="fuel"),
    Filter(text="', 'fuel"),
    Filter(min_amount=Decimal(0)),
    Filter(min_amount=Decimal(1)),
    Filter(max_amount=Decimal(1)),
    Filter(min_amount=Decimal("1.0000000000000000000000000001")),
    Filter(needs_review=True),
    Filter(needs_review=False),
    Filter(excluded=True),
    Filter(merchant_of=1),
    Filter(merchant_of=2),
)


def test_every_filter_is_told_from_every_other() -> None:
    """Two filters that mean different expenses have different fingerprints; no condition at all has none."""
    assert len({filter_.fingerprint for filter_ in DIFFERENT}) == len(DIFFERENT)
    assert Filter().fingerprint == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Filter(categories=("a", "b")), Filter(categories=("b", "a", "b"))),
        (Filter(min_amount=Decimal("1.50")), Filter(min_amount=Decimal("1.5"))),
        (Filter(max_amount=Decimal(100)), Filter(max_amount=Decimal("1e2"))),
        (Filter(max_amount=Decimal(0)), Filter(max_amount=Decimal("0.00"))),
    ],
)
def test_the_same_conditions_are_the_same_filter(one: Filter, other: Filter) -> None:
    """However it is written, a filter that means the same expenses has the same fingerprint."""
    assert one.fingerprint == other.fingerprint != ""


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ({"first_day": date(2026, 2, 1), "last_day": date(2026, 1, 31)}, "from"),
        ({"min_amount": Decimal("1.01"), "max_amount": Decimal(1)}, "min_amount"),
        ({"min_amount": Decimal(0), "max_amount": Decimal("-0.01")}, "min_amount"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(conditions: dict[str, date | Decimal], named: str) -> None:
    """Nothing can be within it: whoever asks is told, also where an end is zero."""
    with pytest.raises(BadFilter, match=named):
        Filter(**conditions)  # type: ignore[arg-type]
