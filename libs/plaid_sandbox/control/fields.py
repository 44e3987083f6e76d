"""What the asks of several levers are made of."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from plaid_sandbox.bank.merchants import PRIMARIES
from plaid_sandbox.requests import Amount, Part


def _detailed(code: str) -> str:
    if not code.startswith(tuple(f"{primary}_" for primary in PRIMARIES)):
        raise ValueError(f"{code} begins with no primary category")
    return code


Category = Annotated[str, AfterValidator(_detailed)]
Name = Annotated[str, Field(min_length=1, max_length=500)]
Mask = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,4}$")]
Money = Annotated[Amount, Field(ge=-(10**12), le=10**12)]
Days = Annotated[float, Field(ge=0, le=3650, strict=False)]


class InCurrency(Part):
    """At most one of the codes; without either it is the account's currency, or the dollar for a new account."""

    iso_currency_code: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    unofficial_currency_code: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.iso_currency_code and self.unofficial_currency_code:
            raise ValueError("either iso_currency_code or unofficial_currency_code")
        return self
