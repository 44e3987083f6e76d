"""A bank transaction, as far as its expense depends on it."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple


class Account(NamedTuple):
    """The account that moved the money; `enabled` is false while its user mutes it."""

    id: int
    type: str
    subtype: str | None
    mask: str | None
    enabled: bool

    @property
    def words(self) -> str:
        """The account as people know it: `credit card ••3333`."""
        kind = self.subtype or self.type
        return f"{kind} ••{self.mask}" if self.mask else kind


class Transaction(NamedTuple):
    """A row of `plaid_transactions`; the amount has Plaid's sign, positive = money out of the account."""

    id: int
    account: Account
    amount: Decimal
    iso_currency_code: str | None
    unofficial_currency_code: str | None
    date: dt.date
    authorized_date: dt.date | None
    name: str
    merchant_name: str | None
    merchant_entity_id: str | None
    original_description: str | None
    payment_channel: str | None
    pfc_version: str | None
    pfc_primary: str | None
    pfc_detailed: str | None
    pfc_confidence: str | None
    pending: bool
    removed: bool
    superseded: bool
    """Whether a posted transaction names this one as the pending form of itself."""

    @property
    def account_id(self) -> int:
        return self.account.id

    @property
    def stands(self) -> bool:
        """Whether it is what it shall be: posted, not taken back, of an account that its user wants to see."""
        return self.account.enabled and not (self.pending or self.removed or self.superseded)

    @property
    def money_in(self) -> bool:
        return self.amount < 0
