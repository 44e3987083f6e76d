"""What webhook_ingest needs from its environment."""

from pydantic import Field, SecretStr

from common.runtime import StandardSettings
from common.settings import PlaidSettings


class Settings(StandardSettings, PlaidSettings):
    """PLAID_ENV decides whose webhooks are taken; Plaid's credentials serve to look up verification keys, no more."""

    port: int = Field(default=8001, ge=1, le=65535)
    plaid_webhook_secret: SecretStr | None = Field(default=None, description="accepted and reported: there is none")
