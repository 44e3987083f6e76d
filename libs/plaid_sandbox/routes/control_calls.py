"""The control API of the call log: who called what, when, and in which order."""

from json import dumps
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.routing import Route

from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer, Ready
from plaid_sandbox.requests import Part
from plaid_sandbox.routes.control import ROOT
from plaid_sandbox.routes.endpoint import get
from plaid_sandbox.validation import parse


class Wanted(Part):
    """`since`: only calls that began after this number."""

    path: str | None = None
    item_id: str | None = None
    since: Annotated[int, Field(ge=0, strict=False)] = 0


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [get(sandbox, f"{ROOT}/calls", list_calls)]


async def list_calls(sandbox: Sandbox, request: Request) -> Answer:
    """Return the latest API calls in the order they began, the number now, and up to which number the log forgot."""
    wanted = parse(dict(request.query_params), Wanted)
    calls = sandbox.calls.find(wanted.path, wanted.item_id, wanted.since)
    return {
        "calls": Ready(dumps(call.fields()).encode() for call in calls),
        "dropped_through": sandbox.calls.dropped_through,
        "sequence": sandbox.calls.sequence,
    }
