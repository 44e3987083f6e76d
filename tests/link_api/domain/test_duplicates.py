from link_api.domain.duplicates import KnownAccount, duplicate_of
from link_api.domain.link_results import Look

CHECKING = Look.of("0000", "checking", "depository", "Plaid Checking")


def test_one_equal_account_makes_a_duplicate() -> None:
    """Any account that looks the same, by either of its names, points at its integration."""
    named = KnownAccount(
        3, {Look.of("0000", "checking", "depository", name) for name in ("My money", "plaid CHECKING ")}
    )
    other = KnownAccount(4, {Look.of("1111", "savings", "depository", "Plaid Saving")})
    assert duplicate_of(frozenset({CHECKING}), [other, named]) == 3


def test_an_account_that_differs_in_anything_is_another() -> None:
    """Mask, kind and name all count."""
    looks = [
        Look.of("0001", "checking", "depository", "Plaid Checking"),
        Look.of("0000", "savings", "depository", "Plaid Checking"),
        Look.of("0000", "checking", "depository", "Plaid Current"),
        Look.of(None, "checking", "depository", "Plaid Checking"),
    ]
    assert duplicate_of(frozenset({CHECKING}), [KnownAccount(1, {look}) for look in looks]) is None


def test_a_type_stands_in_for_a_missing_subtype() -> None:
    """Plaid's subtype may be null."""
    assert Look.of("0000", None, "credit", "Card") == Look("0000", "credit", "card")


def test_no_accounts_are_no_duplicate() -> None:
    """Where nothing is known, nothing is refused."""
    assert duplicate_of(frozenset(), [KnownAccount(1, {CHECKING})]) is None
    assert duplicate_of(frozenset({CHECKING}), []) is None
