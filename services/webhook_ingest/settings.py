"""What webhook_ingest needs from its environment."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from common.runtime import StandardSettings
from common.settings import PlaidSettings
from webhook_ingest.sources import Network


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    networks = []
    for number, entry in enumerate(filter(None, map(str.strip, value.split(","))), start=1):
        try:
            networks.append(ip_network(entry))
        except ValueError:
            raise ValueError(f'entry {number} is no address or network; write "52.21.26.131, 10.0.0.0/8"') from None
    return networks


Networks = Annotated[list[Network], NoDecode, BeforeValidator(_networks)]
"""Comma-separated addresses and networks (CIDR)."""


class Settings(StandardSettings, PlaidSettings):
    """PLAID_ENV decides whose webhooks are taken; Plaid's credentials serve to look up verification keys, no more."""

    port: int = Field(default=8001, ge=1, le=65535)
    webhook_sources: Networks = Field(default_factory=list, description="who may post webhooks; empty: everybody")
    trusted_proxies: Networks = Field(default_factory=list, description="whose X-Forwarded-For is believed")
    plaid_webhook_secret: SecretStr | None = Field(default=None, description="accepted and reported: there is none")
