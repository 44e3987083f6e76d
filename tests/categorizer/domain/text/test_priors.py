import math

import pytest

from categorizer.domain.text.priors import Priors, Usual

PRIORS = Priors([Usual("meals", 0.6, 1.2, 0.4), Usual("rent", 0.4, 3.0, 0.4)], {"rent": 0.1}, bound=1.0, trust=0.5)


def test_an_amount_speaks_for_what_costs_so_much() -> None:
    """A small amount makes the cheap category likelier than its share does, a large one the dear one."""
    small, large, unknown = PRIORS.of(15.0), PRIORS.of(1200.0), PRIORS.of(0.0)
    assert small["meals"] - small["rent"] > unknown["meals"] - unknown["rent"] > large["meals"] - large["rent"]
    assert unknown == pytest.approx({"meals": math.log(0.6), "rent": math.log(0.4)})


@pytest.mark.parametrize("amount", [0.01, 1.0, 1e5, 1e30, float("inf")])
def test_no_amount_decides(amount: float) -> None:
    """However odd an amount, it moves each category by no more than the bound that it is trusted with."""
    assert all(abs(PRIORS.of(amount)[one] - PRIORS.of(0.0)[one]) <= 0.5 + 1e-9 for one in ("meals", "rent"))


def test_money_in_is_another_thing() -> None:
    """Of money that comes in other shares hold."""
    assert PRIORS.of(-15.0) == pytest.approx({"meals": math.log(0.06), "rent": math.log(0.1)})
