"""The other bank transactions that an expense depends on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The same movement as another account of the user shows it; its type in Plaid's word, its name in people's."""

    transaction_id: int
    account_type: str
    account_words: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """The purchase that a refund gives back; `category` is the one that counts, the user's before the automatic."""

    transaction_id: int
    category: str


@dataclass(frozen=True, slots=True)
class Partners:
    """What is found for a transaction; none of it where nothing is."""

    counterpart: Counterpart | None = None
    purchase: Purchase | None = None


ALONE = Partners()
