"""What goes over the wire, in and out. Money is text, exact; ids are opaque; times are RFC 3339."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

ItemT = TypeVar("ItemT")


def _storable(text: str) -> str:
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must not contain the character NUL or half a surrogate pair")
    return text


Text = Annotated[str, AfterValidator(_storable)]
"""Any text that PostgreSQL can keep; it is stored and shown literally."""


class Body(BaseModel):
    """A request's body: an unknown field is refused, lest a misspelt one be taken for left out."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Page(BaseModel, Generic[ItemT]):
    """A part of a list; `next_cursor` leads to the next part, null at the end."""

    items: list[ItemT]
    next_cursor: str | None = None


class Requested(BaseModel):
    """The work is asked for and will be done."""

    status: Literal["requested"] = "requested"


class Reference(BaseModel):
    """The account that something happened on."""

    id: int
    name: str
    mask: str | None
