"""Plaid's checks of a request: JSON object, credentials, known fields, required fields, right types, in this order."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers
from starlette.requests import Request

from plaid_sandbox.errors import CATALOGUE, PlaidError
from plaid_sandbox.settings import Settings

LARGEST_BODY = 1_000_000


class Ask(BaseModel):
    """The body of a request: strict types, no field that Plaid does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)

    client_id: str | None = None
    secret: str | None = None


def _known(code: str) -> str:
    if code not in CATALOGUE:
        raise ValueError(f"{code} is no code of Plaid's")
    return code


ErrorCode = Annotated[str, AfterValidator(_known)]
ModelT = TypeVar("ModelT", bound=BaseModel)


async def body_of(request: Request) -> dict[str, object]:
    """Return the JSON object in the body, numbers exact, or raise INVALID_BODY."""
    raw = await request.body()
    if len(raw) > LARGEST_BODY:
        raise PlaidError("INVALID_BODY", f"body is larger than {LARGEST_BODY} bytes")
    try:
        body = json.loads(raw or b"{}", parse_float=Decimal)
    except (ValueError, RecursionError):
        raise PlaidError("INVALID_BODY") from None
    if not isinstance(body, dict):
        raise PlaidError("INVALID_BODY", "body must be a JSON object")
    return body


def authenticate(headers: Headers, body: Mapping[str, object], settings: Settings) -> str:
    """Return the client's id, taken from the headers or else the body, once the pair is accepted."""
    client_id = headers.get("PLAID-CLIENT-ID") or body.get("client_id")
    secret = headers.get("PLAID-SECRET") or body.get("secret")
    missing = [name for name, value in (("client_id", client_id), ("secret", secret)) if not value]
    if missing:
        raise PlaidError("MISSING_FIELDS", f"the following required fields are missing: {', '.join(missing)}")
    if client_id != (settings.client_id or client_id) or secret != (settings.secret or secret):
        raise PlaidError("INVALID_API_KEYS")
    return str(client_id)


def parse(body: Mapping[str, object], model: type[ModelT]) -> ModelT:
    """Return the body as this model, or raise UNKNOWN_FIELDS, MISSING_FIELDS or INVALID_FIELD, in this order."""
    try:
        return model.model_validate(body)
    except ValidationError as invalid:
        raise _refusal(invalid) from None


def _refusal(invalid: ValidationError) -> PlaidError:
    errors = invalid.errors(include_url=False, include_context=False)
    if unknown := _paths(errors, "extra_forbidden"):
        return PlaidError("UNKNOWN_FIELDS", f"the following fields are not recognized by this endpoint: {unknown}")
    if missing := _paths(errors, "missing"):
        return PlaidError("MISSING_FIELDS", f"the following required fields are missing: {missing}")
    first = errors[0]
    return PlaidError("INVALID_FIELD", f"{_path(first)}: {first['msg']}")


def _paths(errors: list[ErrorDetails], kind: str) -> str:
    return ", ".join(_path(error) for error in errors if error["type"] == kind)


def _path(error: ErrorDetails) -> str:
    return ".".join(str(step) for step in error["loc"]) or "body"
