"""The one door to Plaid: the only package of ours that imports plaid-python."""

from common.plaid.client import Credentials, PlaidClient
from common.plaid.errors import ItemGone, OperatorMustAct, PlaidError, RetryLater, UserMustAct

__all__ = [
    "Credentials",
    "ItemGone",
    "OperatorMustAct",
    "PlaidClient",
    "PlaidError",
    "RetryLater",
    "UserMustAct",
]
