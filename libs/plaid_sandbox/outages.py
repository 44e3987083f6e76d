"""Calls that are made to fail, to take long or to lose their answer, on order."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from plaid_sandbox.items import Item
from plaid_sandbox.paths import Path
from plaid_sandbox.validation import ErrorCode


class Outage(BaseModel):
    """Calls that it covers fail, take `delay` seconds, lose their answer; what is left out covers everything.

    It lasts `calls` calls, or without them as long as `for_seconds` says, and lets `after` calls pass before.
    """

    model_config = ConfigDict(extra="forbid")

    error_code: Annotated[ErrorCode | None, Field(description="a code of Plaid's")] = None
    message: str | None = None
    gateway_error: Annotated[bool, Field(description="an HTML page and status 502 instead of JSON")] = False
    retry_after: Annotated[int | None, Field(ge=0, description="seconds in the error's Retry-After header")] = None
    cut: Annotated[bool, Field(description="the call is done, and its answer breaks off in the middle")] = False
    delay: Annotated[float, Field(ge=0, description="seconds of the machine's time before the answer")] = 0
    after: Annotated[int, Field(ge=0)] = 0
    calls: Annotated[
        Annotated[int, Field(ge=1)] | None,
        BeforeValidator(lambda calls: None if calls == "all" else calls),
        Field(description='null or "all": until it is cleared; by default one, or all of its time'),
    ] = 1
    for_seconds: Annotated[float | None, Field(gt=0, description="of the stand-in's clock")] = None
    path: Path | None = None
    item_id: str | None = None
    institution_id: str | None = None
    _ends_at: datetime | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _settle(self) -> Self:
        if self.cut and (self.error_code or self.gateway_error):
            raise ValueError("cut loses a good answer: it goes with neither error_code nor gateway_error")
        if self.for_seconds is not None and "calls" not in self.model_fields_set:
            self.calls = None
        return self

    def begin(self, now: datetime) -> None:
        """Let its time run from now on."""
        if self.for_seconds is not None:
            self._ends_at = now + timedelta(seconds=self.for_seconds)

    def stands(self, now: datetime) -> bool:
        """Whether it can still strike."""
        return self.calls != 0 and (self._ends_at is None or now < self._ends_at)

    def covers(self, path: str, item: Item | None) -> bool:
        """Whether a call of this path, about this Item if about one, is meant."""
        return (
            self.path in {None, path}
            and self.item_id in {None, item and item.item_id}
            and self.institution_id in {None, item and item.institution.institution_id}
        )


class Outages:
    """The outages that were ordered, the first first."""

    def __init__(self) -> None:
        self._ordered: list[Outage] = []

    def order(self, outage: Outage, now: datetime) -> None:
        """Let this outage strike from now on."""
        outage.begin(now)
        self._ordered.append(outage)

    def clear(self) -> None:
        """End all outages."""
        self._ordered.clear()

    def standing(self, now: datetime) -> list[Outage]:
        """Return those that can still strike, and forget all others."""
        self._ordered = [outage for outage in self._ordered if outage.stands(now)]
        return self._ordered

    def strike(self, path: str, item: Item | None, now: datetime) -> Outage | None:
        """Return the first outage that covers this call and lets it pass no more; count the call."""
        for outage in self.standing(now):
            if not outage.covers(path, item):
                continue
            if not outage.after:
                outage.calls = outage.calls and outage.calls - 1
                return outage
            outage.after -= 1
        return None
