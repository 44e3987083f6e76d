"""What a scenario is made of. Each step says when, what, and on which Item."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from plaid_sandbox.bank.profiles import PROFILES, profile_of
from plaid_sandbox.control.catalogue import OF_ALL, OF_ITEMS
from plaid_sandbox.control.levers import ItemLever, Lever
from plaid_sandbox.institutions import INSTITUTIONS
from plaid_sandbox.occurrences import Name, Occurrence
from plaid_sandbox.requests import Part

THIS = "@this"
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=False)]


def _bank(institution_id: str) -> str:
    if institution_id not in INSTITUTIONS:
        raise ValueError(f"there is no bank {institution_id!r}; allowed: {', '.join(INSTITUTIONS)}")
    return institution_id


def _user(username: str) -> str:
    if profile_of(username) is None:
        raise ValueError(f"there is no user {username!r}; allowed: {', '.join(PROFILES)}")
    return username


def _item(target: str) -> str:
    return target if target in {"this", "all"} else _bank(target)


class Where(Part):
    """Which occurrences count: those of this Item, institution, user, webhook code."""

    item: Annotated[int, Field(ge=1)] | None = None
    institution_id: Annotated[str, AfterValidator(_bank)] | None = None
    user: Annotated[str, AfterValidator(_user)] | None = None
    webhook_code: str | None = None

    def fits(self, occurrence: Occurrence, number: int) -> bool:
        """Whether it is one of them; `number` is the Item's."""
        return (
            self.item in {None, number}
            and self.institution_id in {None, occurrence.item.institution.institution_id}
            and self.user in {None, occurrence.item.username}
            and self.webhook_code in {None, occurrence.webhook_code}
        )


class Step(Part):
    """One step: `at` so many seconds of the stand-in's clock after the start, or `on` the nth occurrence.

    `repeat`: how often in all; `every`: seconds, or occurrences, from one time to the next. `per_item` counts each
    Item's occurrences for themselves. `item`: a number in the order of linking, an institution_id, `all`, or `this`,
    the Item of the occurrence.
    """

    model_config = ConfigDict(populate_by_name=True)

    at: Seconds | None = None
    on: Name | None = None
    where: Annotated[Where, Field(default_factory=Where)]
    nth: Annotated[int, Field(ge=1)] = 1
    per_item: bool = False
    every: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=False)] = 1
    repeat: Annotated[int, Field(ge=1)] | Literal["always"] = 1
    do: str
    item: Annotated[int, Field(ge=1)] | Annotated[str, AfterValidator(_item)] | None = None
    body: Annotated[dict[str, Any], Field(alias="with", default_factory=dict)]

    @property
    def lever(self) -> Lever[Any] | ItemLever[Any]:
        """What is pulled."""
        return OF_ITEMS.get(self.do) or OF_ALL[self.do]

    @property
    def target(self) -> int | str | None:
        """Whom it is pulled on: the Item of the occurrence, unless said otherwise."""
        concerned = self.do in OF_ITEMS or THIS in self.body.values()
        return self.item or ("this" if concerned else None)

    def comes(self, count: int) -> bool:
        """Whether it is the turn of this step at the occurrence of this number."""
        times, rest = divmod(count - self.nth, int(self.every))
        return rest == 0 and times >= 0 and not self.is_over(times)

    def is_over(self, times: int) -> bool:
        """Whether so many times are all."""
        return self.repeat != "always" and times >= self.repeat

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.do not in OF_ITEMS.keys() | OF_ALL.keys():
            raise ValueError(
                f"do: there is no {self.do!r}; allowed: {', '.join(sorted(OF_ITEMS.keys() | OF_ALL.keys()))}"
            )
        if (self.at is None) == (self.on is None):
            raise ValueError("say either at or on")
        if self.at is not None and (odd := {"where", "nth", "per_item"} & self.model_fields_set):
            raise ValueError(f"{', '.join(sorted(odd))}: only with on")
        if self.on and self.every != int(self.every):
            raise ValueError("every: a whole number of occurrences")
        if self.at is not None and self.target == "this":
            raise ValueError("item: with at allowed are a number, an institution_id and 'all'")
        if self.item is not None and self.do not in OF_ITEMS and THIS not in self.body.values():
            raise ValueError(f"item: {self.do} is about no Item, unless its fields say {THIS!r}")
        return self


class Scenario(Part):
    """Steps; those of one moment go in the order of the file."""

    step: Annotated[list[Step], Field(default_factory=list)]
