"""What the routes work with, and how FastAPI hands it to them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from common.database import Database
from common.limits import Limits
from link_api.callers import Caller, Callers
from link_api.domain import identifiers
from link_api.domain.page_policy import Page
from link_api.exchange import Exchange
from link_api.link_tokens import LinkTokens
from link_api.problems import unknown
from link_api.rates import Rates
from link_api.refreshes import Refreshes
from link_api.streams import Hub


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a route may use; made once in `main`, kept in `app.state`."""

    database: Database
    callers: Callers
    link_tokens: LinkTokens
    exchange: Exchange
    refreshes: Refreshes
    hub: Hub
    page: Page
    rates: Rates
    limits: Limits


bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The host application's token for its user.")


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Use = Annotated[Parts, Depends(_parts)]


async def _admit(parts: Use, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Caller:
    return await parts.callers.admit(sent.credentials if sent else None)


Listener = Annotated[Caller, Depends(_admit)]
"""Whoever listens to a stream: opening it is not counted as a call."""


async def count(request: Request, parts: Use, caller: Listener) -> Caller:
    """Return the caller once the call is counted; raise a 429 Problem beyond the quota."""
    if getattr(request.state, "standing", None) is None:  # else it was counted on its way here
        request.state.standing = await parts.rates.take(caller.user_id)
    return caller


User = Annotated[Caller, Depends(count)]
"""Whoever makes a call, which counts in the user's quota."""


def _integration_id(integration_id: Annotated[str, Path(description="Its `id`", examples=["3"])]) -> int:
    number = identifiers.read(integration_id)
    if number is None:
        raise unknown("integration")
    return number


IntegrationId = Annotated[int, Depends(_integration_id)]


def _expense_id(expense_id: Annotated[str, Path(description="Its `id`", examples=["4711"])]) -> int:
    number = identifiers.read(expense_id, identifiers.LARGEST_BIG)
    if number is None:
        raise unknown("expense")
    return number


ExpenseId = Annotated[int, Depends(_expense_id)]


def _recategorisation_id(
    recategorisation_id: Annotated[str, Path(description="The `undo_id` that it was answered with", examples=["12"])],
) -> int:
    number = identifiers.read(recategorisation_id, identifiers.LARGEST_BIG)
    if number is None:
        raise unknown("recategorisation")
    return number


RecategorisationId = Annotated[int, Depends(_recategorisation_id)]
