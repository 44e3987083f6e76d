"""What a lever is. Calls over HTTP and the steps of a scenario pull the same ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.items import Item

AskT = TypeVar("AskT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Lever(Generic[AskT]):
    """One call of the control API: its name is the end of its path, `pull` does it or raises PlaidError."""

    name: str
    ask: type[AskT]
    pull: Callable[[Sandbox, AskT], Answer]


@dataclass(frozen=True, slots=True)
class ItemLever(Generic[AskT]):
    """One call of the control API about one Item."""

    name: str
    ask: type[AskT]
    pull: Callable[[Sandbox, Item, AskT], Answer]
