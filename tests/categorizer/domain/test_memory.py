from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from categorizer.domain.memory import OF_OTHERS, REMEMBERED, RIGHT_AFTER, Answer, Memory, Recall, recall, together
from categorizer.domain.merchant import Merchant

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHELL = Merchant("e-shell", "SHELL OIL")
MERCHANTS = st.sampled_from(
    [SHELL, Merchant(None, "SHELL OIL"), Merchant("e-shell", "SHELL"), Merchant(None, "TARGET")]
)
ANSWERS = st.builds(
    Answer,
    at=st.integers(0, 400).map(lambda days: NOON - timedelta(days=days)),
    transaction_id=st.integers(1, 1000),
    category=st.sampled_from(["fuel", "meals", "travel"]),
)
GIVEN = st.lists(st.tuples(MERCHANTS, st.booleans(), ANSWERS), max_size=12, unique_by=lambda one: one[2].transaction_id)


def remembering(answers: list[tuple[Merchant, bool, Answer]]) -> Memory:
    memory = Memory()
    for merchant, money_in, answer in answers:
        memory.learn(merchant, answer, money_in=money_in)
    return memory


def all_of(memory: Memory, but: int = 0) -> list[Recall | None]:
    merchants = (SHELL, Merchant(None, "SHELL OIL"), Merchant(None, "TARGET"), Merchant())
    return [memory.recall(one, money_in=way, on=DAY, but=but) for one in merchants for way in (True, False)]


def said(*newest_first: str, age: int = 0) -> list[Answer]:
    """Return answers of one day each, the newest so many days old."""
    return [Answer(NOON - timedelta(days=age), 100 - at, one) for at, one in enumerate(newest_first)]


@given(GIVEN, st.randoms())
def test_the_order_in_which_answers_are_heard_does_not_matter(
    answers: list[tuple[Merchant, bool, Answer]], chance: object
) -> None:
    """Late, early, all at once: memory is what was answered, and when."""
    shuffled = list(answers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    at_once = Memory((key, way, one) for merchant, way, one in shuffled for key in merchant.keys)
    assert all_of(remembering(answers)) == all_of(remembering(shuffled)) == all_of(at_once)


@given(GIVEN.filter(bool))
def test_what_is_said_of_a_transaction_itself_is_no_memory_of_it(answers: list[tuple[Merchant, bool, Answer]]) -> None:
    """To decide about it anew is to decide as if its user had not answered it."""
    own = answers[0][2].transaction_id
    assert all_of(remembering(answers), but=own) == all_of(remembering(answers[1:]))


@given(GIVEN)
def test_an_answer_about_money_in_says_nothing_of_money_out(answers: list[tuple[Merchant, bool, Answer]]) -> None:
    """The two directions are two memories."""
    out_only = [one for one in answers if not one[1]]
    assert all_of(remembering(answers))[1::2] == all_of(remembering(out_only))[1::2]
    assert set(all_of(remembering(out_only))[::2]) == {None}


def test_plaids_id_is_looked_up_first() -> None:
    """Two merchants of one name are two where Plaid tells them apart; by name they are found where it does not."""
    answers = [
        (Merchant("e-uber", "UBER"), False, Answer(NOON, 1, "travel")),
        (Merchant("e-eats", "UBER"), False, Answer(NOON + timedelta(days=1), 2, "meals")),
    ]
    memory = remembering(answers)
    found = {
        id_: memory.recall(Merchant(id_, "UBER"), money_in=False, on=DAY, but=0) for id_ in ("e-uber", "e-eats", None)
    }
    assert {id_: one and one.category for id_, one in found.items()} == {
        "e-uber": "travel",
        "e-eats": "meals",
        None: "meals",
    }


@pytest.mark.parametrize(
    ("newest_first", "agreeing", "others", "sure"),
    [
        (["fuel"], 1, (), 0.84),
        (["fuel"] * 2, 2, (), 0.91),
        (["fuel"] * 3, 3, (), 0.94),
        (["fuel"] * 5, 5, (), 0.94),
        (["fuel", "meals"], 1, ("meals",), 0.74),
        (["fuel", "fuel", "meals", "fuel"], 2, ("meals",), 0.81),
        (["fuel", "fuel", "fuel", "meals", "travel"], 3, ("meals", "travel"), 0.84),
    ],
)
def test_it_is_as_sure_as_was_measured(
    newest_first: list[str], agreeing: int, others: tuple[str, ...], sure: float
) -> None:
    """Only the newest that agree without a break count; one to the contrary costs."""
    found = recall(said(*newest_first), DAY)
    assert (found.category, found.agreeing, found.others) == ("fuel", agreeing, others)
    assert found.confidence == pytest.approx(sure)


@given(st.integers(1, 5), st.integers(0, 20_000), st.integers(0, 20_000))
def test_it_grows_old_and_never_worse_than_a_strangers(agreeing: int, younger: int, older: int) -> None:
    """With the days between answer and transaction it falls towards what others' answers are worth, never below."""
    younger, older = sorted((younger, older))
    fresh, stale = (recall(said(*["fuel"] * agreeing, age=age), DAY).confidence for age in (younger, older))
    assert RIGHT_AFTER[min(agreeing, 3) - 1] >= fresh >= stale >= OF_OTHERS


def test_a_yearly_bill_follows_one_answer() -> None:
    """An answer of last year is still enough under the usual threshold, one of two years ago is not."""
    assert recall(said("insurance", age=366), DAY).confidence > 0.8 > recall(said("insurance", age=731), DAY).confidence


def test_an_answer_given_after_the_day_is_new() -> None:
    """What is imported from before the answer is decided by it as what comes after: the clock is the transactions'."""
    assert recall(said("fuel", age=-300), DAY).confidence == RIGHT_AFTER[0]


def test_only_the_newest_few_count() -> None:
    """A contradiction that is long gone divides nobody."""
    memory = Memory(("name:SHELL OIL", False, one) for one in said(*["fuel"] * REMEMBERED, "meals"))
    found = memory.recall(SHELL, money_in=False, on=DAY, but=0)
    assert found is not None
    assert not found.divided


@given(st.floats(0, 1), st.floats(0, 1))
def test_two_that_agree_are_surer_than_each(one: float, other: float) -> None:
    """And never surer than certain."""
    assert max(one, other) - 1e-9 <= together(one, other) <= 1
