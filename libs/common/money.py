"""Money as text: exact, with at least the digits that its currency is written with."""

from decimal import Decimal

WHOLE = frozenset({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
                   "XOF", "XPF"})  # fmt: skip
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""ISO 4217's minor digits, where they are not 2."""


def minor_digits(currency: str | None) -> int:
    """Return how many digits the currency is written with; 2 for what has no ISO code."""
    if currency in WHOLE:
        return 0
    return 3 if currency in THOUSANDTHS else 2


def text(amount: Decimal, currency: str | None) -> str:
    """Return the amount in plain digits, nothing rounded: 45.9 USD is 45.90, 10.021521 USD stays."""
    whole, _, fraction = format(amount, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(minor_digits(currency), "0")
    return f"{whole}.{fraction}" if fraction else whole


def optional_text(amount: Decimal | None, currency: str | None) -> str | None:
    """Return the text of an amount that may be unknown."""
    return None if amount is None else text(amount, currency)
