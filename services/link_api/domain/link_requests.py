"""What we ask of /link/token/create (plaid.com/docs/api/link)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """The same for every Link session of this deployment. `days_requested` is fixed for an item's whole life."""

    client_name: str
    language: str
    country_codes: Sequence[str]
    days_requested: int
    webhook: str | None = None
    redirect_uri: str | None = None


def new_link(terms: Terms, user_id: int) -> Request:
    """Return the request that links a new item."""
    request = _common(terms, user_id) | {
        "products": ["transactions"],
        "transactions": {"days_requested": terms.days_requested},
    }
    return request | ({"webhook": terms.webhook} if terms.webhook else {})


def update_mode(terms: Terms, user_id: int, access_token: SecretStr) -> Request:
    """Return the request that repairs a login: Plaid wants no products there, and ignores the webhook."""
    return _common(terms, user_id) | {"access_token": access_token.get_secret_value()}


def _common(terms: Terms, user_id: int) -> Request:
    request = {
        "client_name": terms.client_name,
        "language": terms.language,
        "country_codes": list(terms.country_codes),
        "user": {"client_user_id": str(user_id)},
    }
    return request | ({"redirect_uri": terms.redirect_uri} if terms.redirect_uri else {})
