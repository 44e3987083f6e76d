"""Which of a user's expenses are meant."""

from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2s

from common import money


class BadFilter(ValueError):
    """The filter contradicts itself; the message says how."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that all hold; what is None or empty excludes nothing. Both ends of a range belong to it."""

    first_day: date | None = None
    last_day: date | None = None
    categories: tuple[str, ...] = ()
    account_id: int | None = None
    text: str | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    needs_review: bool | None = None
    excluded: bool = False
    merchant_of: int | None = None
    """An expense: those of the same merchant are meant."""

    def __post_init__(self) -> None:
        """Refuse a range that ends before it begins."""
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise BadFilter("`from` must not be after `to`.")
        if self.min_amount is not None and self.max_amount is not None and self.min_amount > self.max_amount:
            raise BadFilter("`min_amount` must not be above `max_amount`.")

    @property
    def fingerprint(self) -> str:
        """Return what tells this filter from others, the same for the same conditions; empty for none at all."""
        if self == Filter():
            return ""
        amounts = [money.optional_text(amount, None) for amount in (self.min_amount, self.max_amount)]
        same = (*astuple(self)[:2], sorted(set(self.categories)), *astuple(self)[3:5], *amounts, *astuple(self)[7:])
        return blake2s(repr(same).encode(), digest_size=8).hexdigest()
