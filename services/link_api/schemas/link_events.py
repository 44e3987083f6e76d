"""What Plaid Link told the page, for support."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from link_api.link_ends import Outcome

LONGEST = 500
MOMENT = TypeAdapter(AwareDatetime)


def _text(value: Any) -> str | None:
    """Return text that can be kept, cut to a bound; None for what is none."""
    if not isinstance(value, str):
        return None
    return value[:LONGEST].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _moment(value: Any) -> datetime | None:
    try:
        return MOMENT.validate_python(value)
    except ValidationError:
        return None


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


Said = Annotated[str | None, BeforeValidator(_text)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class _Told(BaseModel):
    """An object of Plaid's: fields that we do not know are ignored, what cannot be read is left out."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class LinkError(_Told):
    """Link's error."""

    error_type: Said = None
    error_code: Said = None
    error_message: Said = None
    display_message: Said = None


class Institution(_Told):
    """The bank that was chosen."""

    institution_id: Said = None
    name: Said = None


class Metadata(LinkError):
    """Link's metadata, of onEvent and of onExit."""

    link_session_id: Said = None
    request_id: Said = None
    institution: Annotated[Institution, BeforeValidator(_object)] = Institution()
    institution_id: Said = None
    institution_name: Said = None
    view_name: Said = None
    status: Said = None
    exit_status: Said = None
    timestamp: Moment = None


class LinkEvent(_Told):
    """The arguments of one of Link's callbacks, as they came."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "state": "Wm0c3n5cQ1x6sY4pKf2vB8hT7uJr9eLdGzXoAiNqMkE",
                    "callback": "onExit",
                    "error": {
                        "error_type": "ITEM_ERROR",
                        "error_code": "INVALID_CREDENTIALS",
                        "error_message": "the credentials were not correct",
                        "display_message": "The username or password provided is incorrect.",
                    },
                    "metadata": {
                        "institution": {"institution_id": "ins_109508", "name": "First Platypus Bank"},
                        "status": "requires_credentials",
                        "link_session_id": "79e772be-547d-4c9c-8b76-4ac4ed4c441a",
                        "request_id": "m8MDnv9okwxFNBV",
                    },
                },
                {
                    "state": "Wm0c3n5cQ1x6sY4pKf2vB8hT7uJr9eLdGzXoAiNqMkE",
                    "callback": "onEvent",
                    "event_name": "SELECT_INSTITUTION",
                    "metadata": {"institution_id": "ins_109508", "timestamp": "2026-11-22T09:00:00Z"},
                },
            ]
        }
    )
    state: SecretStr = Field(min_length=1, max_length=200, description="Of the link token that Link was opened with")
    callback: Literal["onEvent", "onExit"]
    event_name: Said = Field(default=None, description="Of onEvent")
    error: Annotated[LinkError, BeforeValidator(_object)] | None = Field(default=None, description="Of onExit")
    metadata: Annotated[Metadata, BeforeValidator(_object)] = Metadata()

    @property
    def outcome(self) -> Outcome | None:
        """How the session ended, if this is its end."""
        if self.callback != "onExit":
            return None
        return "failed" if self.error else "left"

    def row(self) -> dict[str, Any]:
        """Return what is kept."""
        told, failed = self.metadata, self.error or self.metadata
        return {
            "callback": self.callback,
            "event_name": self.event_name,
            "link_session_id": told.link_session_id,
            "request_id": told.request_id,
            "institution_id": told.institution_id or told.institution.institution_id,
            "institution_name": told.institution_name or told.institution.name,
            "view_name": told.view_name,
            "status": told.exit_status or told.status,
            "error_type": failed.error_type,
            "error_code": failed.error_code,
            "error_message": failed.error_message,
            "display_message": failed.display_message,
            "occurred_at": told.timestamp,
        }
