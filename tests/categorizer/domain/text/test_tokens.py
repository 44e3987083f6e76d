import pytest

from categorizer.domain.text.tokens import LONGEST, tokens


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("THE HOME DEPOT #1234", ["THE", "HOME", "DEPOT"]),
        ("McDonald's F4821", ["MCDONALDS"]),
        ("MCDONALD S", ["MCDONALDS"]),
        ("T.J. MAXX 05/12 10:32 PM", ["TJ", "MAXX"]),
        ("H E B", ["HEB"]),
        ("Café Olé", ["CAFE", "OLE"]),
        ("BARNES & NOBLE", ["BARNES", "NOBLE"]),
        ("BARNES AND NOBLE", ["BARNES", "NOBLE"]),
        ("MOTEL 6 800-555-1234", ["MOTEL", "6"]),
        ("COMCAST DES:PAYMENT ID:XXXXX1234 INDN:JANE DOE CO ID:0000213249 PPD", ["COMCAST", "PAYMENT", "PPD"]),
        ("SHOP XXXX1234", ["SHOP"]),
        ("SQ *BLUE", ["SQ", "*", "BLUE"]),
        ("SQ *N GLANTZ", ["SQ", "*", "N", "GLANTZ"]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    """Of a line its words are left: no number of a store, date, mask, field or sign."""
    assert tokens(line) == words


def test_figures_of_a_name_are_kept() -> None:
    """A word with figures that is a merchant's name stays where it is told to."""
    assert tokens("84 LUMBER 365", {"365"}) == ["84", "LUMBER", "365"]
    assert tokens("84 LUMBER 365") == ["84", "LUMBER"]


def test_long_lines_are_cut() -> None:
    """What stands behind the end of any bank's line is not read."""
    assert tokens("A" * LONGEST + " HOME DEPOT") == ["A" * LONGEST]
