import pytest

from categorizer.domain.text.normalise import Line, Normaliser

NORMALISER = Normaliser(
    till=["CHECKCARD", "POS PURCHASE", "STORE", "CREDIT CARD"],
    processors={"SQ *": "Square", "PAYPAL *": "PayPal", "SP": "Shopify"},
    places=["COLUMBUS", "NEW YORK"],
    regions=["OH", "NY", "CA", "CO"],
    names=["CONTAINER STORE", "SP PLUS", "8X8", "SAFETY SUPPLY CO"],
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("CHECKCARD 0512 MARIOS", Line(("CHECKCARD", "MARIOS"), ("MARIOS",))),
        ("MARIOS STORE 12", Line(("MARIOS", "STORE", "12"), ("MARIOS", "12"))),
        ("POS PURCHASE CONTAINER STORE", Line(("POS", "PURCHASE", "CONTAINER", "STORE"), ("CONTAINER", "STORE"))),
        ("SQ *MARIOS", Line(("SQ", "MARIOS"), ("MARIOS",), "Square", ("SQ",))),
        ("SQ *PAYPAL *MARIOS", Line(("SQ", "PAYPAL", "MARIOS"), ("MARIOS",), "PayPal", ("SQ", "PAYPAL"))),
        ("SP MARIOS", Line(("SP", "MARIOS"), ("MARIOS",), "Shopify", ("SP",))),
        ("SP PLUS", Line(("SP", "PLUS"), ("SP", "PLUS"))),
        ("SQ *SP PLUS", Line(("SQ", "SP", "PLUS"), ("SP", "PLUS"), "Square", ("SQ",))),
        ("MARIOS NEW YORK NY", Line(("MARIOS", "NEW", "YORK", "NY"), ("MARIOS",), place=("NEW", "YORK", "NY"))),
        ("BANK OF NEW YORK", Line(("BANK", "OF", "NEW", "YORK"), ("BANK", "OF", "NEW", "YORK"))),
        ("OH COLUMBUS MARIOS", Line(("OH", "COLUMBUS", "MARIOS"), ("MARIOS",))),
        ("COLUMBUS", Line(("COLUMBUS",), ("COLUMBUS",))),
        ("8X8", Line(("8X8",), ("8X8",))),
        ("", Line((), ())),
    ],
)
def test_a_line_is_taken_apart(text: str, line: Line) -> None:
    """The till's words go, processors are named, the town is set aside, and a merchant's name keeps its words."""
    assert NORMALISER.read(text) == line


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("SQ *MARIOS PIZZA LLC COLUMBUS OH", "MARIOS PIZZA"),
        ("MARIOSPIZZA.COM", "MARIOSPIZZA"),
        ("ONE TWO THREE FOUR FIVE", "ONE TWO THREE FOUR"),
        ("8X8 INC", "8X8 INC"),
        ("CREDIT CARD", "CREDIT CARD"),
        ("", ""),
    ],
)
def test_the_key_is_the_merchants(text: str, key: str) -> None:
    """Memory knows a merchant by four words, without legal form, domain and town; a line without any by all it says."""
    assert NORMALISER.read(text).key == key
