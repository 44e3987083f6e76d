"""What link_api needs to know."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from common.runtime import StandardSettings
from common.settings import LimitSettings, PlaidSettings, SealingSettings
from link_api.caller_settings import CallerSettings
from link_api.domain.link_requests import Country, Language

LONGEST_CLIENT_NAME = 30
LINK_SCRIPT = "/link/v2/stable/link-initialize.js"
PLAID_LINK_SCRIPT = f"https://cdn.plaid.com{LINK_SCRIPT}"


def _a_web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a whole URL, such as https://app.example.com/path")
    return url


def _a_redirect_uri(uri: str) -> str:
    if "?" in uri or "#" in uri:
        raise ValueError("must have no query string and no fragment; Plaid compares it with the dashboard's allow-list")
    return uri


def _a_client_name(name: str) -> str:
    if not 1 <= len(name) <= LONGEST_CLIENT_NAME:
        raise ValueError(f'must have 1 to {LONGEST_CLIENT_NAME} characters, else Link shows "This Application" instead')
    return name


def _split(value: object) -> object:
    return [part.strip().upper() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CountryCodes = Annotated[tuple[Country, ...], NoDecode, BeforeValidator(_split), Field(min_length=1)]


class Settings(StandardSettings, PlaidSettings, LimitSettings, SealingSettings, CallerSettings):
    """Settings of link_api; an empty variable counts as unset."""

    port: int = Field(default=8000, ge=1, le=65535)
    plaid_link_url: AnyHttpUrl | None = None
    plaid_webhook_url: Annotated[str, AfterValidator(_a_web_url)] | None = None
    plaid_redirect_uri: Annotated[str, AfterValidator(_a_web_url), AfterValidator(_a_redirect_uri)] | None = None
    plaid_client_name: Annotated[str, AfterValidator(_a_client_name)] = "CORA Expense Tracker"
    plaid_country_codes: CountryCodes = ("US",)
    plaid_language: Language = "en"
    plaid_days_requested: int = Field(default=730, ge=1, le=730)

    @property
    def plaid_link_host(self) -> str:
        """Where the browser finds the host that Link talks to: as we find Plaid, unless it is told otherwise."""
        return str(self.plaid_link_url).rstrip("/") if self.plaid_link_url else self.plaid_host

    @property
    def plaid_link_script(self) -> str:
        """The script of Plaid Link: Plaid's own, or the stand-in's."""
        overridden = self.plaid_link_url or self.plaid_base_url
        return f"{self.plaid_link_host}{LINK_SCRIPT}" if overridden else PLAID_LINK_SCRIPT

    @field_validator("plaid_link_url")
    @classmethod
    def _goes_with_a_base_url(cls, url: AnyHttpUrl | None, info: ValidationInfo) -> AnyHttpUrl | None:
        if url and info.data.get("plaid_base_url", url) is None:  # one that is wrong was told already
            raise ValueError(
                "is for the stand-in of Plaid: set PLAID_BASE_URL too, or leave both empty for Plaid itself"
            )
        return url

    @field_validator("plaid_redirect_uri")
    @classmethod
    def _redirects_by_https_in_production(cls, uri: str | None, info: ValidationInfo) -> str | None:
        if uri and info.data.get("plaid_env") == "production" and not uri.startswith("https://"):
            raise ValueError("must begin with https:// in production")
        return uri
