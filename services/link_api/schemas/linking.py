"""Linking a bank."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StrictBool, model_validator

from link_api.domain.link_requests import Country, Language
from link_api.link_tokens import LinkToken as Opened
from link_api.schemas import Body

EXAMPLE: dict[str, JsonValue] = {
    "link_token": "link-sandbox-af1a0311-da53-4636-b754-dd15cc058176",
    "expiration": "2026-11-22T13:00:00Z",
    "state": "Wm0c3n5cQ1x6sY4pKf2vB8hT7uJr9eLdGzXoAiNqMkE",
    "integration_id": None,
}
UPDATE_MODE: dict[str, JsonValue] = EXAMPLE | {"expiration": "2026-11-22T09:30:00Z", "integration_id": 3}


class LinkTokenRequest(Body):
    """Nothing for a new bank; an integration for update mode, which repairs its login."""

    integration_id: int | None = Field(default=None, examples=[3])
    account_selection_enabled: StrictBool = Field(
        default=False, description="In update mode: let the user choose accounts anew, new ones too"
    )
    language: Language | None = Field(default=None, description="Of Link; else the deployment's", examples=["es"])
    country_codes: Annotated[list[Country], Field(min_length=1)] | None = Field(
        default=None,
        description="Only banks of these, which are of the deployment's; else all of them",
        examples=[["US"]],
    )

    @model_validator(mode="after")
    def _selects_accounts_of_an_integration(self) -> Self:
        if self.account_selection_enabled and self.integration_id is None:
            raise ValueError("account_selection_enabled is for update mode: name the integration_id")
        return self


class ResumeRequest(Body):
    """What was kept while the user was at the bank's own page."""

    state: SecretStr = Field(min_length=1, max_length=200, examples=["Wm0c3n5cQ1x6sY4pKf2vB8hT7uJr9eLdGzXoAiNqMkE"])


class LinkToken(BaseModel):
    """Hand the token to `Plaid.create`; after `expiration` ask for another."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, UPDATE_MODE]})
    link_token: str
    expiration: datetime
    state: str = Field(
        description="Keep it in this browser session alone (sessionStorage) while the user is at an OAuth bank: "
        "/api/plaid/resume_link gives the same link token for it, to the same user"
    )
    integration_id: int | None = Field(
        description="Update mode: what is repaired. At its end call `repaired`; there is no exchange"
    )

    @classmethod
    def of(cls, opened: Opened) -> "LinkToken":
        """Return the way into a Link session as its user sees it."""
        return cls(
            link_token=opened.link_token.get_secret_value(),
            expiration=opened.expiration,
            state=opened.state.get_secret_value(),
            integration_id=opened.integration_id,
        )


class PublicTokenRequest(Body):
    """What Link's onSuccess gave. `metadata` is taken for compatibility and not believed: Plaid is asked instead."""

    public_token: SecretStr = Field(min_length=1, max_length=500, examples=["public-sandbox-b0e2c4ee-a763"])
    metadata: dict[str, Any] = Field(default_factory=dict, examples=[{"link_session_id": "a4b9f0c2-6d1e-4f57"}])
    allow_duplicate: bool = Field(default=False, description="Link the bank again, with another login")
