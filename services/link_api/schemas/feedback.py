"""How users like it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from link_api.schemas import Body, Text

LONGEST_COMMENT = 2000


class FeedbackGiven(Body):
    """A rating and a comment, or null: asked, and would rather not say."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rating": 5, "comment": "It just works."}]})
    rating: Annotated[StrictInt, Field(ge=1, le=5)] | None
    comment: Text | None = Field(default=None, max_length=LONGEST_COMMENT)


class Feedback(BaseModel):
    """What the user said last, and whether it is time to ask."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"due": False, "rating": 5, "comment": "It just works.", "given_at": "2026-11-22T09:00:00Z"},
                {"due": True, "rating": None, "comment": None, "given_at": None},
            ]
        }
    )
    due: bool = Field(description="Ask now: the first import is there, and they were never asked")
    rating: int | None = Field(description="1 to 5")
    comment: str | None
    given_at: datetime | None = Field(description="When they answered, or would not")
