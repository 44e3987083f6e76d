"""The bank's own rows."""

import datetime as dt

from pydantic import BaseModel
from sqlalchemy import RowMapping

from link_api.domain import money
from link_api.schemas import Reference
from link_api.schemas.expenses import account_of


class Transaction(BaseModel):
    """A transaction as the bank states it, with Plaid's sign: positive is money out of the account."""

    id: int
    date: dt.date
    name: str
    merchant_name: str | None
    amount: str
    currency: str | None
    unofficial_currency: str | None
    pending: bool
    account: Reference

    @classmethod
    def of(cls, row: RowMapping) -> "Transaction":
        """Return the stored transaction as clients see it."""
        return cls(
            **{name: row[name] for name in ("id", "date", "name", "merchant_name", "pending")},
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            account=account_of(row),
        )
