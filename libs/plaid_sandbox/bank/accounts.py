"""The accounts of one bank login."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 code or a code outside it; exactly one of the two is set."""

    iso: str | None = "USD"
    unofficial: str | None = None

    @property
    def places(self) -> int:
        """How many decimals the bank prints: none for yen, up to six for coins."""
        if self.iso is None:
            return 6
        return 0 if self.iso == "JPY" else 2


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `opening` is its balance when Plaid first saw it: held, or owed where it is credit or loan."""

    account_id: str
    slot: str
    name: str
    official_name: str | None
    mask: str
    type: str
    subtype: str
    currency: Currency
    opening: Decimal
    limit: Decimal | None
    holder: str
    persistent_id: str | None = None

    @property
    def owes(self) -> bool:
        """Whether its balance is a debt."""
        return self.type in {"credit", "loan"}


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands in an account: without pending money, with it, and the most that may be owed; None is unknown."""

    current: Decimal | None
    available: Decimal | None
    limit: Decimal | None
