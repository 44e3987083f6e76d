"""Who may call link_api, how often, and from which pages."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from common.settings import SMALLEST_SECRET, Block
from link_api.domain import quotas
from link_api.domain.quotas import Quota

ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?")
USUAL_PORTS = {"http": ":80", "https": ":443"}
"""Browsers leave them out (RFC 6454, section 6.1)."""


def _over_https(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.scheme != "https" and not _is_here(url.host or ""):
        raise ValueError("must begin with https://, else anybody on the way can sign in; plain http is for localhost")
    return url


def _is_here(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _quota(text: object) -> object:
    return quotas.read(text) if isinstance(text, str) else text


def _origins(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _are_exact(origins: tuple[str, ...]) -> tuple[str, ...]:
    for number, origin in enumerate(origins, start=1):
        if ORIGIN.fullmatch(origin) is None or origin.endswith(USUAL_PORTS.get(origin.partition(":")[0], "/")):
            raise ValueError(
                f'entry {number} is no origin as browsers send it, such as "https://app.example.com" or '
                '"http://localhost:5173": small letters, no path, no slash at the end, no usual port, no wildcard'
            )
    return origins


class CallerSettings(Block):
    """Tokens are proved by a secret that we share with the host application, or by its public keys: one of the two."""

    auth_jwks_url: Annotated[AnyHttpUrl, AfterValidator(_over_https)] | None = None
    auth_jwt_secret: SecretStr | None = Field(default=None, validate_default=True)
    auth_audience: str | None = Field(
        default=None, description="the `aud` of tokens; unset: a token with one is refused"
    )
    auth_issuer: str | None = Field(default=None, description="the `iss` of tokens; unset: anybody's")
    api_rate_limit: Annotated[Quota | None, NoDecode, BeforeValidator(_quota)] = Quota(600, 60)
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins), AfterValidator(_are_exact)] = ()

    @field_validator("auth_jwt_secret")
    @classmethod
    def _is_the_only_proof(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "auth_jwks_url" not in info.data:  # it is wrong, which was told already
            return secret
        if secret is None and info.data["auth_jwks_url"] is None:
            raise ValueError("is not set; set it, or AUTH_JWKS_URL")
        if secret is not None and info.data["auth_jwks_url"] is not None:
            raise ValueError("is set beside AUTH_JWKS_URL; empty one of the two: each token has one proof")
        return secret

    @field_validator("auth_jwt_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        length = len(secret.get_secret_value().encode()) if secret else SMALLEST_SECRET
        if length < SMALLEST_SECRET:
            raise ValueError(
                f"has {length} bytes; HS256 needs at least {SMALLEST_SECRET} (RFC 7518, section 3.2); make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        return secret
