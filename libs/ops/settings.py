"""What the operators' command needs to know: where the database is, and for `usage` which limits of Plaid's hold."""

from typing import Literal

from common.settings import LimitSettings, PostgresSettings


class Settings(PostgresSettings, LimitSettings):
    """Settings of the operators' command; it calls nobody at Plaid, so the environment may be left unsaid."""

    plaid_env: Literal["sandbox", "production"] = "sandbox"
