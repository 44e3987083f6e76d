"""The other bank transactions that an expense depends on."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from categorizer.domain.transaction import Account


class Links(NamedTuple):
    """Whom a transaction is linked with: the other half of a transfer, the purchase that it gave back."""

    counterpart_id: int | None = None
    purchase_id: int | None = None


UNLINKED = Links()


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The same movement as another account of the user shows it."""

    transaction_id: int
    account: Account
    date: date


@dataclass(frozen=True, slots=True)
class Purchase:
    """The purchase that a refund gives back; `category` is the one that counts, the user's before the automatic.

    `asks` while that is a question that its user has not answered.
    """

    transaction_id: int
    merchant: str
    amount: Decimal
    date: date
    category: str
    confidence: Decimal
    asks: bool = False
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partners:
    """What is found for a transaction; none of it where nothing is."""

    counterpart: Counterpart | None = None
    purchase: Purchase | None = None

    @property
    def links(self) -> Links:
        """The partners' ids."""
        return Links(
            self.counterpart.transaction_id if self.counterpart else None,
            self.purchase.transaction_id if self.purchase else None,
        )


ALONE = Partners()
