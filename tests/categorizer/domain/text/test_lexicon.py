import pytest

from categorizer.domain.text.entries import Entry, Kind
from categorizer.domain.text.lexicon import Lexicon


def entry(name: str, category: str, kind: Kind = Kind.WORD) -> Entry:
    return Entry(name, kind, ((category, 4.0),))


LEXICON = Lexicon(
    [
        entry("HOME DEPOT", "materials", Kind.MERCHANT),
        entry("HOME DEPOT RENTAL", "equipment_rental", Kind.MERCHANT),
        entry("DELTA", "travel", Kind.MERCHANT),
        entry("RESTAURANT", "meals"),
        entry("BEACH RESORT", "travel"),
        entry("PIZZA", "meals"),
        entry("PARKING", "vehicle"),
        entry("PLUMBING", "subcontractors"),
        entry("PLUMBING SUPPLY", "materials"),
    ]
)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("HOME DEPOT", ["HOME DEPOT"]),
        ("HOMEDEPOT", ["HOME DEPOT"]),
        ("HOME DEPOT RENTAL", ["HOME DEPOT RENTAL"]),
        ("HOME DEPOTS RENT", []),
        ("MARIOS PIZZAS", ["PIZZA"]),
        ("MARIOS RESTAURA", ["RESTAURANT"]),
        ("RESTAURA MARIOS ON THE HILL", []),
        ("WESTIN BEACH RESOR", ["BEACH RESORT"]),
        ("DELT", []),
        ("PARKINGCOM", ["PARKING"]),
        ("LINCOLNPLUMBING", ["PLUMBING"]),
        ("PLUMBIN", ["PLUMBING"]),
        ("XPIZ", []),
        ("", []),
    ],
)
def test_find(line: str, names: list[str]) -> None:
    """The longest names, however parted; a plural; the cut-off end of a line; a trade's word within a longer one."""
    assert [match.entry.name for match in LEXICON.find(line.split())] == names


def test_an_exact_one_guesses_nothing() -> None:
    """Phrases of money movement are heard letter by letter."""
    exact = Lexicon([entry("OVERDRAFT FEE", "bank_fees")], exact=True)
    assert len(exact) == 1
    assert [match.start for match in exact.find(["AN", "OVERDRAFT", "FEE"])] == [1]
    assert exact.find(["OVERDRAFT", "FEES"]) == exact.find(["OVERDRAFT", "FE"]) == []


def test_readings_of_a_word_are_kept() -> None:
    """A word with two readings has both, strongest first, and is sure of none; a merchant comes before a word."""
    both = Lexicon([entry("STUDIO", "entertainment"), Entry("STUDIO", Kind.WORD, (("personal_care", 5.0),))])
    (match,) = both.find(["STUDIO"])
    assert (match.entry.weights, match.entry.sure) == ((("personal_care", 5.0), ("entertainment", 4.0)), False)
    named = Lexicon([entry("STUDIO", "entertainment"), entry("STUDIO", "software", Kind.MERCHANT)])
    assert named.find(["STUDIO"])[0].entry.weights[0][0] == "software"
