"""What the operators' command needs to know: where the database is, and for `usage` which limits of Plaid's hold."""

from typing import Literal

from pydantic import field_validator

from common import limits
from common.settings import PostgresSettings


class Settings(PostgresSettings):
    """Settings of the operators' command."""

    plaid_env: Literal["sandbox", "production"] = "sandbox"
    plaid_limits: str = ""

    @field_validator("plaid_limits")
    @classmethod
    def _are_readable(cls, entries: str) -> str:
        limits.change(limits.PRODUCTION, entries)
        return entries

    @property
    def rate_limits(self) -> limits.Limits:
        """The limits that hold for this deployment, by Plaid's path."""
        return limits.change(limits.BY_ENVIRONMENT[self.plaid_env], self.plaid_limits)
