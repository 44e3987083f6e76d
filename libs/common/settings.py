"""Settings come from the environment, in small blocks that each service composes."""

import sys
from datetime import timedelta
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from common import limits
from common.secret_files import FilesNamed, Unreadable

PLAID_HOSTS = {"sandbox": "https://sandbox.plaid.com", "production": "https://production.plaid.com"}
SMALLEST_SECRET = 32


def _like(example: str, *schemes: str) -> AfterValidator:
    """Return a check that a secret is a URL of one of the schemes and says where its server is."""

    def check(url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            fits = parts.scheme in schemes and parts.port != 0 and bool(parts.hostname or parts.query)
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"must look like {example}")
        return url

    return AfterValidator(check)


A_POSTGRESQL_URL = _like("postgresql://user:password@host:5432/database", "postgresql")
AN_AMQP_URL = _like("amqp://user:password@host:5672/", "amqp", "amqps")


class Block(BaseSettings):
    """A group of settings; unknown variables in the environment are none of its business, an empty one is unset.

    Each may be given as a file instead: NAME_FILE=/run/secrets/name.
    """

    model_config = SettingsConfigDict(
        extra="ignore", hide_input_in_errors=True, env_ignore_empty=True, str_strip_whitespace=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from, the strongest first."""
        named = FilesNamed(settings_cls, [env_settings, dotenv_settings])
        return init_settings, named, env_settings, dotenv_settings, file_secret_settings

    @field_validator("*", mode="before")
    @classmethod
    def _is_readable(cls, value: object) -> object:
        if isinstance(value, Unreadable):
            raise ValueError(value.reason)  # noqa: TRY004 - pydantic wants a ValueError
        return value


class ProcessSettings(Block):
    """Where a process listens and how it speaks."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8000, ge=1, le=65535)
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter_otlp_endpoint: AnyHttpUrl | None = None


class PostgresSettings(Block):
    """The one database."""

    database_url: Annotated[SecretStr, A_POSTGRESQL_URL]
    database_pool_size: int = Field(default=10, ge=1, le=200)


class BrokerSettings(Block):
    """The one broker."""

    amqp_url: Annotated[SecretStr, AN_AMQP_URL]


class EnvironmentSettings(Block):
    """Which of Plaid's environments this deployment belongs to."""

    plaid_env: Literal["sandbox", "production"]


class LimitSettings(EnvironmentSettings):
    """Plaid's rate limits of its environment, and what an operator knows better."""

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


class PlaidSettings(EnvironmentSettings):
    """Plaid's credentials and the environment they belong to."""

    plaid_client_id: str = Field(min_length=1)
    plaid_secret: SecretStr = Field(min_length=1)
    plaid_base_url: AnyHttpUrl | None = None

    @field_validator("plaid_base_url")
    @classmethod
    def _is_https_in_production(cls, url: AnyHttpUrl | None, info: ValidationInfo) -> AnyHttpUrl | None:
        if url and info.data.get("plaid_env") == "production" and url.scheme != "https":
            raise ValueError("must begin with https:// in production, else secrets travel in the clear")
        return url

    @property
    def plaid_host(self) -> str:
        """The base URL of every Plaid call: the override, else the environment's host."""
        return str(self.plaid_base_url).rstrip("/") if self.plaid_base_url else PLAID_HOSTS[self.plaid_env]


class SealingSettings(Block):
    """Fernet keys that seal access tokens at rest, newest first."""

    plaid_encryption_key: Annotated[list[SecretStr], NoDecode] = Field(min_length=1)

    @field_validator("plaid_encryption_key", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("plaid_encryption_key")
    @classmethod
    def _are_fernet_keys(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for key in keys:
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError(
                    "is no Fernet key (44 url-safe base64 characters); make one with: "
                    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
                ) from None
        return keys


class SyncSettings(Block):
    """How far an item may fall silent before it is synced unasked."""

    sync_max_silence: timedelta = Field(default=timedelta(hours=6), ge=timedelta(minutes=1))

    @field_validator("sync_max_silence", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


SettingsT = TypeVar("SettingsT", bound=Block)

ADVICE = {"missing": "is not set", "time_delta_parsing": "must be seconds, or an ISO 8601 duration such as PT6H"}
"""Where pydantic's own words would not help an operator."""


def explain(error: ValidationError) -> str:
    """Return one line per wrong setting: its variable's name and what to do. Never a value."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        lines.append(f"  {name}: {ADVICE.get(problem['type']) or problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def load(settings: type[SettingsT]) -> SettingsT:
    """Return the settings from the environment (and a .env file), or end the process saying what to mend."""
    try:
        return settings(_env_file=".env")
    except ValidationError as error:
        sys.exit(f"Cannot start, these settings need you (.env.example explains each):\n{explain(error)}")
