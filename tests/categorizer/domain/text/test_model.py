from hypothesis import given, settings
from hypothesis import strategies as st

from categorizer.domain.text.model import Example, train

EXAMPLES = (
    Example("PIZZERIA ROMA", "meals", 3.0),
    Example("PIZZA HOUSE", "meals", 3.0),
    Example("LUMBERYARD", "materials", 3.0),
    Example("LUMBER HOUSE", "materials", 3.0),
    Example("ONCE", "fuel"),
)


def test_a_beginning_speaks_for_a_word_never_seen() -> None:
    """What begins as names of one category do speaks for it, and for no other."""
    assert [category for category, _ in train(EXAMPLES).weigh("PIZZAIOLO")] == ["meals"]
    assert [category for category, _ in train(EXAMPLES).weigh("LUMBERJACK")] == ["materials"]


def test_what_is_common_to_all_says_nothing() -> None:
    """A word that stands in names of every category is no evidence, nor is one that was seen once."""
    assert dict(train(EXAMPLES).weigh("HOUSE")) == {}
    assert dict(train(EXAMPLES).weigh("ONCE")) == {}


@settings(max_examples=50, deadline=None)
@given(st.permutations(EXAMPLES))
def test_order_is_nothing(examples: list[Example]) -> None:
    """The model and its version are those of the examples, not of their order."""
    one, other = train(EXAMPLES), train(examples)
    assert (one.pieces, one.version) == (other.pieces, other.version)


def test_the_version_tells_examples_apart() -> None:
    """Another example, category or weight is another version."""
    last = EXAMPLES[-1]
    others = [
        EXAMPLES[:-1],
        (*EXAMPLES[:-1], last._replace(category="rent")),
        (*EXAMPLES[:-1], last._replace(weight=2.0)),
    ]
    assert len({train(examples).version for examples in (EXAMPLES, *others)}) == 4


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="ascii", categories=["Lu"]), max_size=20))
def test_no_word_decides(word: str) -> None:
    """Whatever was learned, a word brings no more than a bounded weight."""
    loud = train([Example("PIZZA", "meals", 1000.0), Example("LUMBER", "materials")] * 50)
    assert all(weight <= 1.0 for _, weight in loud.weigh(word))
