"""Parts of a whole, which there may be none of."""

from decimal import Decimal

PLACES = Decimal("0.0001")


def share(part: int, whole: int) -> Decimal | None:
    """Return how much of the whole the part is, to four places; None where there is nothing to be a part of."""
    return (Decimal(part) / whole).quantize(PLACES) if whole else None


def text(ratio: Decimal | None) -> str | None:
    """Return a ratio in plain digits."""
    return None if ratio is None else format(ratio, "f")
