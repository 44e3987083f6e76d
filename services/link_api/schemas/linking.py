"""Linking a bank."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from link_api.schemas import Body


class LinkTokenRequest(Body):
    """Nothing for a new bank; an integration for update mode, which repairs its login."""

    integration_id: int | None = Field(default=None, examples=[3])


class LinkToken(BaseModel):
    """Hand the token to `Plaid.create`; after `expiration` ask for another."""

    link_token: str = Field(examples=["link-sandbox-af1a0311-da53-4636-b754-dd15cc058176"])
    expiration: datetime = Field(examples=["2026-11-22T13:00:00Z"])


class PublicTokenRequest(Body):
    """What Link's onSuccess gave. `metadata` is taken for compatibility and not believed: Plaid is asked instead."""

    public_token: SecretStr = Field(min_length=1, max_length=500, examples=["public-sandbox-b0e2c4ee-a763"])
    metadata: dict[str, Any] = Field(default_factory=dict, examples=[{"link_session_id": "a4b9f0c2-6d1e-4f57"}])
    allow_duplicate: bool = Field(default=False, description="Link the bank again, with another login")
