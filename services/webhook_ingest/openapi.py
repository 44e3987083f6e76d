"""What /openapi.json says of the one route: everything that it takes, and everything that it may answer."""

from typing import Any

from webhook_ingest.domain.webhook import DECISIONS, FACTS, Decision, Doorbell

WORD = {"type": "string", "pattern": "^[!-~]{1,128}$"}
NAMES = {
    "webhook_type": WORD,
    "webhook_code": WORD,
    "environment": {"type": ["string", "null"], "enum": ["sandbox", "production", None]},
}


def _ringing(webhook_type: str, webhook_code: str) -> dict[str, Any]:
    doorbell = FACTS.get((webhook_type, webhook_code), Doorbell).model_json_schema()
    named = {"webhook_type": {"const": webhook_type}, "webhook_code": {"const": webhook_code}}
    return {
        "type": "object",
        "required": [*named, *doorbell["required"]],
        "properties": NAMES | named | doorbell["properties"],
    }


def _others(field: str, ringing: set[str]) -> dict[str, Any]:
    other = {field: WORD | {"not": {"enum": sorted(ringing)}}}
    return {"type": "object", "required": ["webhook_type", "webhook_code"], "properties": NAMES | other}


RING = [name for name, decision in DECISIONS.items() if decision in (Decision.RING, Decision.KEEP)]
BODY = {
    "anyOf": [
        *(_ringing(*name) for name in RING),
        _others("webhook_type", {webhook_type for webhook_type, _ in RING}),
        _others("webhook_code", {webhook_code for _, webhook_code in RING}),
    ]
}
"""What rings must name its item; of anything else the names alone matter."""
RECEIVED = {
    "type": "object",
    "required": ["received"],
    "properties": {"received": {"const": True}},
    "additionalProperties": False,
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "retryable"],
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "environment": {"enum": ["sandbox", "production"]},
    },
    "additionalProperties": False,
}
"""RFC 9457, with our own members."""

PROBLEMS = {
    400: "Signed, but unreadable or of another environment; or cut off",
    401: "Not verified: nothing proves that Plaid sent it",
    403: "From an address that is not listed",
    408: "The body took too long",
    413: "The body is larger than 256 KiB",
    503: "Neither broker nor database, or no verification key: send it again",
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Durable, or nothing follows", "content": {"application/json": {"schema": RECEIVED}}},
    **{
        status: {"description": text, "content": {"application/problem+json": {"schema": PROBLEM}}}
        for status, text in PROBLEMS.items()
    },
}
REQUEST = {
    "parameters": [
        {"name": "Plaid-Verification", "in": "header", "required": True, "schema": {"type": "string"}},
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}},
}
