from plaid_sandbox.bank.merchants import catalogue, named
from plaid_sandbox.bank.profiles import PROFILES


def test_every_profile_knows_its_merchants() -> None:
    """Each habit has a group, each bill a merchant, each account a plan."""
    for profile in PROFILES.values():
        slots = {plan.slot for plan in profile.accounts}
        assert all(catalogue()[habit.group] and habit.account in slots for habit in profile.habits)
        assert all(named(bill.merchant) and bill.account in slots for bill in profile.bills)
        assert all({one.source, one.target} <= slots for one in profile.movements)


def test_every_merchant_is_priced_and_worded() -> None:
    """A price range runs upwards and a descriptor uses known fields only."""
    fields = {"store": "1", "city": "C", "region": "R", "ref": "X"}
    for merchant in (one for group in catalogue().values() for one in group):
        assert 0 < merchant.low <= merchant.high
        assert merchant.descriptor.format(**fields)
        assert merchant.category.detailed.startswith(merchant.category.primary)
