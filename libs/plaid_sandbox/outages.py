"""Calls that are made to fail or to take long, on order."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from plaid_sandbox.items import Item
from plaid_sandbox.validation import ErrorCode


class Outage(BaseModel):
    """The next `calls` calls that it covers fail, take `delay` seconds, or both; what is left out covers everything."""

    model_config = ConfigDict(extra="forbid")

    error_code: Annotated[ErrorCode | None, Field(description="a code of Plaid's; none: the call is only slow")] = None
    message: str | None = None
    gateway_error: Annotated[bool, Field(description="an HTML page and status 502 instead of JSON")] = False
    delay: Annotated[float, Field(ge=0, description="seconds of the machine's time before the answer")] = 0
    calls: Annotated[int, Field(ge=1)] = 1
    path: str | None = None
    item_id: str | None = None
    institution_id: str | None = None

    def covers(self, path: str, item: Item | None) -> bool:
        """Whether a call of this path, about this Item if about one, is meant."""
        return (
            self.path in {None, path}
            and self.item_id in {None, item and item.item_id}
            and self.institution_id in {None, item and item.institution.institution_id}
        )


class Outages:
    """The outages that are on, in the order they were asked for."""

    def __init__(self) -> None:
        self.ordered: list[Outage] = []

    def strike(self, path: str, item: Item | None) -> Outage | None:
        """Return the first outage that covers this call, and count the call."""
        for outage in self.ordered:
            if outage.covers(path, item):
                outage.calls -= 1
                self.ordered = [left for left in self.ordered if left.calls]
                return outage
        return None
