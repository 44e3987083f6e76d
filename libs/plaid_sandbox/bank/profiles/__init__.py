"""Who can log in: one profile per user name."""

from collections.abc import Mapping
from types import MappingProxyType

from plaid_sandbox.bank.plans import Profile
from plaid_sandbox.bank.profiles.business import BUSINESS, resized
from plaid_sandbox.bank.profiles.contractor import CONTRACTOR
from plaid_sandbox.bank.profiles.dynamic import DYNAMIC
from plaid_sandbox.bank.profiles.household import HOUSEHOLD

LARGEST = 200_000
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.username: profile for profile in (CONTRACTOR, HOUSEHOLD, BUSINESS, DYNAMIC)}
)


def profile_of(username: str) -> Profile | None:
    """Return the profile of this user name; `user_business_<rows>` is the business with exactly so many lines."""
    rows = username.removeprefix(f"{BUSINESS.username}_")
    if rows != username and rows.isdecimal() and 1 <= int(rows) <= LARGEST:
        return resized(int(rows))
    return PROFILES.get(username)
