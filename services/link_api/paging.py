"""Lists in pages: how a page is asked for and how it ends, the same for every list."""

from collections.abc import Callable, Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Query
from sqlalchemy import RowMapping

from common.web import Problem
from link_api.domain.cursors import BadCursor, OtherList
from link_api.schemas import Page

Limit = Annotated[int, Query(ge=1, le=200, description="Items of one page, at most")]
After = Annotated[str | None, Query(description="The `next_cursor` of the page before")]

ShownT = TypeVar("ShownT")
CursorT = TypeVar("CursorT")


class Encodable(Protocol):
    """A position in a list."""

    def encode(self) -> str:
        """Return it as a client passes it on."""


def position(cursor: str | None, decode: Callable[[str], CursorT]) -> CursorT | None:
    """Return where a page begins, None at the beginning; a 400 Problem for what is no cursor of this list."""
    try:
        return None if cursor is None else decode(cursor)
    except OtherList:
        detail = "This cursor belongs to a list with other filters; begin anew without it when you change them."
        raise Problem(400, detail, code="cursor_of_another_list") from None
    except BadCursor:
        detail = "This cursor is not one of ours; send `next_cursor` as you got it, or none to begin anew."
        raise Problem(400, detail, code="bad_cursor") from None


def page(
    rows: Sequence[RowMapping],
    limit: int,
    last: Callable[[RowMapping], Encodable],
    show: Callable[[RowMapping], ShownT],
) -> Page[ShownT]:
    """Return the page of `limit` rows; one row more than that says that another page follows."""
    shown = rows[:limit]
    return Page(
        items=[show(row) for row in shown],
        next_cursor=last(shown[-1]).encode() if len(rows) > limit else None,
    )
