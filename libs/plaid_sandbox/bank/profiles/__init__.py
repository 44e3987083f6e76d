"""Who can log in: one profile per user name."""

from collections.abc import Mapping
from types import MappingProxyType

from plaid_sandbox.bank.plans import Profile
from plaid_sandbox.bank.profiles.business import BUSINESS
from plaid_sandbox.bank.profiles.contractor import CONTRACTOR
from plaid_sandbox.bank.profiles.dynamic import DYNAMIC
from plaid_sandbox.bank.profiles.household import HOUSEHOLD

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.username: profile for profile in (CONTRACTOR, HOUSEHOLD, BUSINESS, DYNAMIC)}
)
