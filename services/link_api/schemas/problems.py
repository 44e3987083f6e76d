"""Errors, for the description of the API; `link_api.problems` writes them."""

from typing import Any

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """What went wrong and what to do (RFC 9457). Branch on `code`."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such integration."])
    code: str = Field(examples=["not_found"])
    retryable: bool
    plaid: dict[str, str | None] | None = Field(
        default=None, description="error_type, error_code, error_message, display_message, request_id"
    )
    errors: list[dict[str, str]] | None = Field(default=None, description="field, message")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong and what to do",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
}
"""Every operation may answer so."""

TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "Names this state; send it as If-Match", "schema": {"type": "string"}}}}
}


def changed_meanwhile(shown: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Describe the 412 that shows what has changed as it now is."""
    members = Problem.model_json_schema()["properties"] | {
        "current": {"$ref": f"#/components/schemas/{shown.__name__}"}
    }
    schema = {"type": "object", "properties": members}
    return {412: {"description": "It has changed since", "content": {"application/problem+json": {"schema": schema}}}}
