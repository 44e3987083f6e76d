"""The control API of scenarios: run one, and see how far it is."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.routes.answers import reply
from plaid_sandbox.routes.control import ROOT
from plaid_sandbox.routes.endpoint import get
from plaid_sandbox.scenario.reading import ScenarioRefused, scenario_of
from plaid_sandbox.scenario.runner import Runner
from plaid_sandbox.validation import body_of


def routes(sandbox: Sandbox, runner: Runner) -> list[Route]:
    """Return the routes of this module."""

    async def start(request: Request) -> Response:
        """Begin a scenario in the place of any other; one without steps ends it."""
        try:
            runner.start(scenario_of(await body_of(request)))
        except ScenarioRefused as refused:
            raise PlaidError("INVALID_FIELD", str(refused)) from None
        return await reply(sandbox, _told(runner))

    async def look(_: Sandbox, __: Request) -> Answer:
        """Return what was done and what waits."""
        return _told(runner)

    return [
        get(sandbox, f"{ROOT}/scenario", look),
        Route(f"{ROOT}/scenario", start, methods=["POST"]),
    ]


def _told(runner: Runner) -> Answer:
    return {
        "done": [deed.fields() for deed in runner.done],
        "waiting": [progress.fields() for progress in runner.waiting()],
    }
