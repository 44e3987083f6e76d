"""The description of the API, with what belongs to many operations and to no route."""

from typing import Any

from fastapi import FastAPI

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Of your own making, a UUID for example. Sent again with the same request within 24 hours it "
    "brings the same answer, and nothing is done twice: ask again safely when an answer was lost.",
}


class DescribedApp(FastAPI):
    """A FastAPI whose description says of every POST that it may be sent again."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, made once."""
        if self.openapi_schema is None:
            for path in super().openapi()["paths"].values():
                if "post" in path:
                    path["post"].setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        return super().openapi()
