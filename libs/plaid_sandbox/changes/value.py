"""What every change is: a frozen value that a state file keeps."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Applied to equal books in the same order, equal values give the same truth, ids and cursors."""

    model_config = ConfigDict(frozen=True)
