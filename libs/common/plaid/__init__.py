"""The one door to Plaid: the only package of ours that imports plaid-python."""

from common.plaid.client import Credentials, PlaidClient
from common.plaid.errors import CursorRefused, ItemGone, OperatorMustAct, PlaidError, RetryLater, UserMustAct
from common.plaid.spending import Budget, OverBudget, Priority, Spender, Unmetered

__all__ = [
    "Budget",
    "Credentials",
    "CursorRefused",
    "ItemGone",
    "OperatorMustAct",
    "OverBudget",
    "PlaidClient",
    "PlaidError",
    "Priority",
    "RetryLater",
    "Spender",
    "Unmetered",
    "UserMustAct",
]
