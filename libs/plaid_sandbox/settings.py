"""The stand-in's settings, read from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from plaid_sandbox.limits import Table


class Settings(BaseSettings):
    """`HOST`, `PORT`, and all else with the prefix `PLAID_SANDBOX_`. Delays are seconds of the stand-in's clock."""

    model_config = SettingsConfigDict(
        env_prefix="PLAID_SANDBOX_", validate_by_name=True, env_ignore_empty=True, extra="ignore"
    )

    host: str = Field(default="127.0.0.1", validation_alias="HOST")
    port: int = Field(default=8100, validation_alias="PORT", ge=0, le=65535)
    seed: str = Field(default="first-platypus", min_length=1)
    client_id: str | None = Field(default=None, description="the only client id accepted; any, when unset")
    secret: str | None = Field(default=None, description="the only secret accepted; any, when unset")
    initial_delay: float = Field(default=1.0, ge=0, description="from exchange to the first 30 days")
    historical_delay: float = Field(default=3.0, ge=0, description="from exchange to the whole history")
    refresh_delay: float = Field(default=0.3, ge=0, description="from /transactions/refresh to its news")
    webhook_timeout: float = Field(default=10.0, gt=0, description="seconds a receiver may take to answer")
    retry_scale: float = Field(default=1.0, ge=0, description="factor on Plaid's webhook back-off of 30 s x 4")
    item_lifetime_days: int = Field(default=30, ge=1, description="age at which a sandbox Item needs its user again")
    state_file: Path | None = Field(default=None, description="kept over a restart; in memory only, when unset")
    rate_limits: Table = "off"
    scenario: Path | None = Field(
        default=None, description="what goes wrong when: a TOML file, or the name of a shipped one"
    )
