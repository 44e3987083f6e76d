"""Kinds of fields that signatures and webhooks share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
"""A name or an id: printable ASCII without blanks, so that it is safe in a log and in a database."""


class Strict(BaseModel):
    """Takes no type for another, and ignores fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)
