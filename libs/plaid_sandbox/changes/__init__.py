"""What can happen to a book, as values: the same ones in the same order give the same truth, ids and cursors."""

from typing import Annotated

from pydantic import Field

from plaid_sandbox.changes.accounts import BalanceSet, Churned, Closed, Opened, Shared
from plaid_sandbox.changes.reading import CursorsRefused, HistoryRead, Paged, Refreshed
from plaid_sandbox.changes.transactions import (
    Created,
    Edited,
    Garbled,
    Line,
    RemovalsEchoed,
    Restored,
    Spent,
    Withdrawn,
)

__all__ = [
    "BalanceSet",
    "Change",
    "Churned",
    "Closed",
    "Created",
    "CursorsRefused",
    "Edited",
    "Garbled",
    "HistoryRead",
    "Line",
    "Opened",
    "Paged",
    "Refreshed",
    "RemovalsEchoed",
    "Restored",
    "Shared",
    "Spent",
    "Withdrawn",
]

Change = Annotated[
    Shared
    | Opened
    | Closed
    | Churned
    | BalanceSet
    | HistoryRead
    | Refreshed
    | CursorsRefused
    | Paged
    | Spent
    | Created
    | Edited
    | Withdrawn
    | RemovalsEchoed
    | Restored
    | Garbled,
    Field(discriminator="kind"),
]
