"""Which merchant a transaction is of, as memory knows merchants."""

from typing import NamedTuple

MACHINES = frozenset({"ATM", "ABM"})
MEANS = frozenset({
    "ACH", "APP", "ATM", "ABM", "AUTOPAY", "BILL", "CASH", "CASHAPP", "CHECK", "CHEQUE", "CREDIT", "DEBIT",
    "DEP", "DEPOSIT", "EFT", "ETRANSFER", "FROM", "INST", "INTERAC", "MOBILE", "ONLINE", "PAY", "PAYMENT",
    "PAYPAL", "POS", "PURCHASE", "SEND", "TO", "TRANSFER", "VENMO", "WIRE", "WITHDRAWAL", "XFER", "ZELLE",
})  # fmt: skip
"""Words that say how money moved and not to whom: what it was for differs from one time to the next."""


class Merchant(NamedTuple):
    """Plaid's id of the merchant where there is one, and the merchant's words as its line was read."""

    entity_id: str | None = None
    key: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names under which answers about it are learned and looked up, the surest first; none is possible."""
        entity = (f"entity:{self.entity_id}",) if self.entity_id else ()
        return (*entity, f"name:{self.key}") if self.key else entity

    @property
    def surest(self) -> str | None:
        """The one name under which purchases and refunds of it are found; None where there is none."""
        return self.entity_id or self.key or None

    @property
    def is_means(self) -> bool:
        """Whether only the means of payment is known, a machine, an app or a check, and nobody behind it."""
        words = self.key.split()
        return bool(words) and (words[0] in MACHINES or MEANS.issuperset(words))


UNNAMED = Merchant()
