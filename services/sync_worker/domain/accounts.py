"""What Plaid says about an account, read so that one odd account stops no sync."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticSerializationError

Amount = Annotated[Decimal, Field(max_digits=100)]
"""Any amount of any currency, and nothing that PostgreSQL's numeric refuses."""


class Balances(BaseModel):
    """Plaid's balances; amounts are exact."""

    model_config = ConfigDict(frozen=True, extra="allow")
    current: Amount | None = None
    available: Amount | None = None
    limit: Amount | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    last_updated_datetime: AwareDatetime | None = None


class Account(BaseModel):
    """Plaid's account object, whole (plaid.com/docs/api/accounts); its enums are open."""

    model_config = ConfigDict(frozen=True, extra="allow")
    account_id: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
    persistent_account_id: str | None = None
    name: str | None = None
    official_name: str | None = None
    type: str | None = None
    subtype: str | None = None
    mask: str | None = None
    balances: Balances | None = None


def read(raw: Any) -> list[Account]:
    """Return the readable accounts. The transactions of an unreadable one find no account and go to quarantine."""
    return latest(account for one in raw or () if (account := _account(one)) is not None)


def latest(accounts: Iterable[Account]) -> list[Account]:
    """Return each account once, as it was stated last."""
    return list({account.account_id: account for account in accounts}.values())


def to_json(accounts: Iterable[Account]) -> str:
    """Return the accounts as a JSON array, decimals as text."""
    return "[" + ",".join(without_nul(account.model_dump_json()) for account in accounts) + "]"


def without_nul(text: str) -> str:
    """Return JSON text that PostgreSQL can hold: NUL becomes the character that shows that something stood there."""
    return text.replace("\\u0000", "\\ufffd")


def _account(raw: Any) -> Account | None:
    try:
        account = Account.model_validate(raw)
        account.model_dump_json()
    except (ValidationError, PydanticSerializationError):
        return None
    return account
