"""What we ask of /link/token/create (plaid.com/docs/api/link)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import SecretStr

Request = dict[str, Any]

Country = Literal[
    "US", "GB", "ES", "NL", "FR", "IE", "CA", "DE", "IT", "PL", "DK", "NO", "SE", "EE", "LT", "LV", "PT", "BE", "AT",
    "FI",
]  # fmt: skip
Language = Literal[
    "da", "nl", "en", "et", "fr", "de", "hi", "it", "lv", "lt", "no", "pl", "pt", "ro", "es", "sv", "vi"
]  # fmt: skip
"""Plaid's lists."""


class CountryNotServed(ValueError):
    """Banks of a country that this deployment does not link."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The same for every Link session of this deployment. `days_requested` is fixed for an item's whole life."""

    client_name: str
    language: str
    country_codes: Sequence[str]
    days_requested: int
    webhook: str | None = None
    redirect_uri: str | None = None

    def chosen(self, language: str | None, country_codes: Sequence[str] | None) -> "Terms":
        """Return the terms in another language, or for some of the countries; raise CountryNotServed for others."""
        if not set(country_codes or ()).issubset(self.country_codes):
            raise CountryNotServed(f"must be of {', '.join(self.country_codes)}")
        return replace(self, language=language or self.language, country_codes=country_codes or self.country_codes)


def new_link(terms: Terms, user_id: int) -> Request:
    """Return the request that links a new item."""
    request = _common(terms, user_id) | {
        "products": ["transactions"],
        "transactions": {"days_requested": terms.days_requested},
    }
    return request | ({"webhook": terms.webhook} if terms.webhook else {})


def update_mode(terms: Terms, user_id: int, access_token: SecretStr, *, selects_accounts: bool = False) -> Request:
    """Return the request that repairs a login, and may let its user choose accounts anew.

    Plaid wants no products there, and ignores the webhook.
    """
    request = _common(terms, user_id) | {"access_token": access_token.get_secret_value()}
    return request | ({"update": {"account_selection_enabled": True}} if selects_accounts else {})


def _common(terms: Terms, user_id: int) -> Request:
    request = {
        "client_name": terms.client_name,
        "language": terms.language,
        "country_codes": list(terms.country_codes),
        "user": {"client_user_id": str(user_id)},
    }
    return request | ({"redirect_uri": terms.redirect_uri} if terms.redirect_uri else {})
