from typing import Any

import pytest

from link_api.domain.link_results import LinkedItem, Look, find

ACCOUNTS = [{"id": "a", "mask": "0000", "name": "Plaid Checking", "subtype": "checking", "type": "depository"}]
INSTITUTION = {"institution_id": "ins_1", "name": "Bank"}
ITEM = LinkedItem("ins_1", "Bank", frozenset({Look("0000", "checking", "plaid checking")}))


def today(token: str) -> dict[str, Any]:
    return {
        "results": {"item_add_results": [{"public_token": token, "accounts": ACCOUNTS, "institution": INSTITUTION}]}
    }


def former(token: str) -> dict[str, Any]:
    return {"on_success": {"public_token": token, "metadata": {"accounts": ACCOUNTS, "institution": INSTITUTION}}}


@pytest.mark.parametrize("session", [today("wanted"), former("wanted"), today("wanted") | former("wanted")])
def test_a_public_token_is_found_in_both_forms(session: dict[str, Any]) -> None:
    """Plaid answers in today's form, in the deprecated one, or in both."""
    assert find({"link_sessions": [today("other"), session]}, "wanted") == ITEM


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"link_sessions": None},
        {"link_sessions": [{}]},
        {"link_sessions": [{"results": None, "on_success": None}]},
        {"link_sessions": [{"results": {"item_add_results": None}}]},
        {"link_sessions": [today("other"), former("another")]},
    ],
)
def test_a_session_without_the_token_proves_nothing(answer: dict[str, Any]) -> None:
    """An unfinished session, or one that yielded something else, is no proof."""
    assert find(answer, "wanted") is None


def test_a_bank_that_plaid_does_not_name_is_found_all_the_same() -> None:
    """A link by micro-deposits has no institution."""
    answer = {"link_sessions": [{"results": {"item_add_results": [{"public_token": "wanted", "institution": None}]}}]}
    assert find(answer, "wanted") == LinkedItem(None, None, frozenset())
