import pytest

from common.tables.sync_worker import KINDS
from link_api.domain.notifications import NEWS, WORDS, words

ACTIONS = {
    "login_required": "reconnect",
    "expiring": "reconnect",
    "revoked": "relink",
    "account_revoked": "add_accounts",
    "new_accounts": "add_accounts",
}


def test_every_kind_has_words() -> None:
    """What sync_worker may write can be said, and nothing else is prepared."""
    assert set(WORDS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_names_the_bank_and_what_to_do(kind: str) -> None:
    """The title names the bank as it is, braces and all, and the action is the one that helps."""
    said = words(kind, "{Brace} & Sons", "Checking ••••0000", standing=True)
    assert "{Brace} & Sons" in said.title
    assert ("Checking ••••0000" in said.title) is (kind == "account_revoked")
    assert said.message
    assert said.action == ACTIONS.get(kind, "none")


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_no_longer_asks_for_nothing(kind: str) -> None:
    """The words stay, the action goes."""
    standing, over = (words(kind, "A Bank", None, standing=standing) for standing in (True, False))
    assert (over.title, over.message, over.action) == (standing.title, standing.message, "none")


@pytest.mark.parametrize("kind", KINDS)
def test_a_bank_without_a_name_is_your_bank(kind: str) -> None:
    """A title is a sentence that begins with a capital also where Plaid named nothing."""
    title = words(kind, None, None, standing=True).title
    assert "your bank" in title.lower()
    assert title[0].isupper()
    assert "None" not in title


def test_a_kind_of_a_newer_release_is_said_in_general() -> None:
    """During a rollout a worker may be ahead of us: its news spoils no list."""
    said = words("merged", "A Bank", None, standing=True)
    assert (said.title, said.message, said.action) == ("There is news about A Bank", NEWS.message, "none")
