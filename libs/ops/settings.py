"""What the operators' command needs to know: each command reads the blocks that it needs, and wants no other."""

from typing import Annotated, Literal

from pydantic import SecretStr

from common.settings import (
    AN_AMQP_URL,
    Block,
    BrokerSettings,
    LimitSettings,
    PlaidSettings,
    PostgresSettings,
    SealingSettings,
    SyncSettings,
)


class Settings(PostgresSettings, LimitSettings):
    """Where the database is, and which limits of Plaid's hold; calls nobody, so the environment may be left unsaid."""

    plaid_env: Literal["sandbox", "production"] = "sandbox"
    operator: str | None = None
    """Who types the command, for the trail."""


class QueueSettings(PostgresSettings, BrokerSettings):
    """Where the dead letters are."""


class StatusSettings(Settings, SyncSettings):
    """What may be silent for how long; where RabbitMQ is not named, its queues are left out."""

    amqp_url: Annotated[SecretStr, AN_AMQP_URL] | None = None


class KeySettings(PostgresSettings, SealingSettings):
    """What seals are examined and made with."""


class AddressSettings(Block):
    """Addresses of this deployment that Plaid is told, as link_api has them."""

    plaid_webhook_url: str | None = None
    plaid_redirect_uri: str | None = None


class CallSettings(KeySettings, LimitSettings, PlaidSettings, AddressSettings):
    """What calls of Plaid about an item need."""


class EverySetting(QueueSettings, CallSettings, StatusSettings):
    """All that any command reads, and so what a container of the command is given."""


def beside_us(settings: PlaidSettings) -> bool:
    """Return whether the sandbox is another than Plaid's own: it may use addresses that nobody else can."""
    return settings.plaid_env == "sandbox" and settings.plaid_base_url is not None
