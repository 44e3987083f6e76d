from dataclasses import replace

import pytest
from pydantic import SecretStr

from link_api.domain.link_requests import CountryNotServed, Terms, new_link, update_mode

TERMS = Terms("CORA", "en", ("US", "CA"), 730, webhook="https://a.example/hook", redirect_uri="https://a.example/back")


def test_a_new_link_asks_for_transactions_and_their_whole_history() -> None:
    """days_requested cannot be changed later, so it goes with the first request."""
    assert new_link(TERMS, 7) == {
        "client_name": "CORA",
        "language": "en",
        "country_codes": ["US", "CA"],
        "user": {"client_user_id": "7"},
        "products": ["transactions"],
        "transactions": {"days_requested": 730},
        "webhook": "https://a.example/hook",
        "redirect_uri": "https://a.example/back",
    }


def test_update_mode_names_the_item_and_no_products() -> None:
    """Plaid refuses products there and ignores the webhook."""
    request = update_mode(TERMS, 7, SecretStr("access-sandbox-1"))
    assert request["access_token"] == "access-sandbox-1"
    assert not {"products", "transactions", "webhook"} & set(request)
    assert request["redirect_uri"] == "https://a.example/back"


def test_what_is_not_set_is_not_sent() -> None:
    """Plaid refuses null for both addresses."""
    request = new_link(Terms("CORA", "en", ("US",), 730), 7)
    assert not {"webhook", "redirect_uri"} & set(request)


def test_account_selection_is_asked_for_in_update_mode_alone() -> None:
    """Only where it is wanted does the request carry `update`."""
    token = SecretStr("access-sandbox-1")
    assert "update" not in update_mode(TERMS, 7, token)
    assert update_mode(TERMS, 7, token, selects_accounts=True)["update"] == {"account_selection_enabled": True}


def test_a_choice_changes_language_and_countries_alone() -> None:
    """What is not chosen stays as the deployment has it, and no country is added to its own."""
    assert TERMS.chosen(None, None) == TERMS
    assert TERMS.chosen("es", ["CA"]) == replace(TERMS, language="es", country_codes=["CA"])
    with pytest.raises(CountryNotServed):
        TERMS.chosen(None, ["CA", "GB"])
