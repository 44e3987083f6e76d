"""Errors, for the description of the API; `link_api.problems` writes them."""

from typing import Any

from pydantic import BaseModel, Field

from link_api.schemas.expenses import Expense
from link_api.schemas.integrations import Integration
from link_api.schemas.linking import LinkToken

MEDIA_TYPE = "application/problem+json"


class PlaidRefusal(BaseModel):
    """Plaid's own words, for its support and yours."""

    error_type: str | None
    error_code: str | None
    error_message: str | None
    display_message: str | None = Field(description="For your user, where Plaid has words for one")
    request_id: str | None = Field(description="What Plaid's support asks for")


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="As `filter.min_amount` or `limit`; `body` for all of it")
    message: str


class Problem(BaseModel):
    """What went wrong and what to do (RFC 9457). Branch on `code`; show `detail`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="For your user, with a next step")
    code: str = Field(description="Lasting; more may come, so fall back on `status` and `retryable`")
    retryable: bool = Field(description="The same request may succeed later: after Retry-After, where it is set")
    plaid: PlaidRefusal | None = Field(default=None, description="Where Plaid refused")
    errors: list[FieldError] | None = Field(default=None, description="Of `invalid_request` and `unknown_category`")
    integration: Integration | None = Field(
        default=None, description="Of `duplicate_bank`: the one that stands already"
    )
    update_mode: LinkToken | None = Field(
        default=None, description="Of `duplicate_bank`, where Plaid gave one: opens Link to repair that integration"
    )
    next_step: str | None = Field(default=None, description="Where Plaid refused: what your user can do now")
    current: Expense | None = Field(default=None, description="Of `changed_meanwhile`: as it now is")


TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "Names this state; send it as If-Match", "schema": {"type": "string"}}}}
}
