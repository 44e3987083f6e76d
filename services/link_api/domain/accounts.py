"""Plaid's account object, as a row of ours."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from link_api.domain.link_results import Look


def _without_nul(value: Any) -> Any:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value  # PostgreSQL's text cannot hold NUL


Text = Annotated[str, BeforeValidator(_without_nul)]


class Balances(BaseModel):
    """Plaid's balances; amounts are exact."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    current: Decimal | None = None
    available: Decimal | None = None
    limit: Decimal | None = None
    iso_currency_code: Text | None = None
    unofficial_currency_code: Text | None = None
    last_updated_datetime: AwareDatetime | None = None


class Account(BaseModel):
    """The fields of Plaid's account that we keep (plaid.com/docs/api/accounts); its enums are open."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    account_id: Annotated[Text, StringConstraints(min_length=1, max_length=255)]
    persistent_account_id: Text | None = None
    name: Text | None = None
    official_name: Text | None = None
    type: Annotated[Text, StringConstraints(max_length=50)] | None = None
    subtype: Annotated[Text, StringConstraints(max_length=50)] | None = None
    mask: Annotated[Text, StringConstraints(max_length=10)] | None = None
    balances: Balances = Balances()


def read(answer: dict[str, Any], at: datetime) -> list[dict[str, Any]]:
    """Return the rows of the readable accounts, in account_id order; `at` is the time of balances that name none."""
    rows = [row for raw in answer.get("accounts") or () if (row := _row(raw, at)) is not None]
    return sorted(rows, key=lambda row: str(row["account_id"]))


def looks(rows: Iterable[Mapping[str, Any]]) -> set[Look]:
    """Return what tells these accounts from others, by the names that Link shows."""
    return {Look.of(row["mask"], row["subtype"], row["type"], row["name"]) for row in rows}


def _row(raw: object, at: datetime) -> dict[str, Any] | None:
    try:
        account = Account.model_validate(raw)
    except ValidationError:
        return None
    balances = account.balances
    return account.model_dump(exclude={"balances"}) | {
        "name": account.name or account.official_name or "Account",
        "type": account.type or "other",
        "current_balance": balances.current,
        "available_balance": balances.available,
        "credit_limit": balances.limit,
        "iso_currency_code": balances.iso_currency_code,
        "unofficial_currency_code": balances.unofficial_currency_code,
        "balance_as_of": balances.last_updated_datetime or at,
    }
