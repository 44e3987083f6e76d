"""What the operators' command needs to know: each command reads the blocks that it needs, and wants no other."""

from typing import Literal

from common.settings import LimitSettings, PlaidSettings, PostgresSettings, SealingSettings


class Settings(PostgresSettings, LimitSettings):
    """Where the database is, and which limits of Plaid's hold; calls nobody, so the environment may be left unsaid."""

    plaid_env: Literal["sandbox", "production"] = "sandbox"


class KeySettings(PostgresSettings, SealingSettings):
    """What seals are examined and made with."""


class CallSettings(KeySettings, LimitSettings, PlaidSettings):
    """What calls of Plaid about an item need."""
