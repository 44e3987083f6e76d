from decimal import Decimal

import pytest

from categorizer.domain.transaction import Account
from tests.categorizer.domain.transactions import transaction


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (Account(1, "credit", "credit card", "3333", True), "credit card ••3333"),
        (Account(1, "depository", "checking", "0000", True), "checking ••0000"),
        (Account(1, "depository", None, None, True), "depository"),
    ],
)
def test_words(account: Account, words: str) -> None:
    """An account is named by its subtype, else its type, and by its mask when it has one."""
    assert account.words == words


def test_money_in() -> None:
    """Plaid's negative amounts are money in; nothing moved is neither."""
    assert transaction(amount=Decimal(-1)).money_in
    assert not transaction(amount=Decimal(1)).money_in
    assert not transaction(amount=Decimal(0)).money_in
