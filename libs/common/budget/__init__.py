"""Plaid's rate limits, shared by every process through PostgreSQL, and how often each endpoint was called."""

from common.budget.postgres import PostgresBudget
from common.budget.tally import Usage, usage

__all__ = ["PostgresBudget", "Usage", "usage"]
