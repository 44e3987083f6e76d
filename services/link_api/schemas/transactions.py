"""The bank's own rows."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import RowMapping

from common import money
from link_api.schemas import Reference
from link_api.schemas.expenses import account_of

EXAMPLE: dict[str, JsonValue] = {
    "id": 90210,
    "date": "2026-11-22",
    "name": "SHELL OIL 5744",
    "merchant_name": "Shell",
    "amount": "52.10",
    "currency": "USD",
    "unofficial_currency": None,
    "pending": True,
    "account": {"id": 7, "name": "Plaid Checking", "mask": "0000"},
}


class Transaction(BaseModel):
    """A transaction as the bank states it, with Plaid's sign: positive is money out of the account."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
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
