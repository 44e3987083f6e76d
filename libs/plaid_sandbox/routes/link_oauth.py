"""Logging in at the bank's own page: Link sends the user there and waits for the consent."""

from starlette.requests import Request
from starlette.routing import Route

from plaid_sandbox import institutions
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.requests import Part
from plaid_sandbox.routes.endpoint import get, post
from plaid_sandbox.routes.link import InSession, log_in, shown, signed_in

_USERNAME, _PASSWORD = "user_good", "pass_good"


class Start(InSession):
    institution_id: str


class Approve(Part):
    auth_session: str


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        post(sandbox, "/oauth/start", Start, start),
        post(sandbox, "/oauth/approve", Approve, approve),
        get(sandbox, "/oauth/status", status),
    ]


async def start(sandbox: Sandbox, ask: Start) -> Answer:
    """Return where the bank's page is; any input logs in there as user_good, as at Plaid's sandbox OAuth bank.

    The address is relative to Link's page: only the browser knows by which name it reaches us.
    """
    link, _ = sandbox.links.open(ask.link_token)
    institution = institutions.find(ask.institution_id)
    if not institution.oauth:
        raise PlaidError("INVALID_INSTITUTION", f"{institution.name} is no OAuth bank")
    username = link.item.username if link.item else _USERNAME
    login = log_in(sandbox, link, institution, username, _PASSWORD)
    begun = sandbox.links.begin(link, institution, login, oauth=True)
    return {
        "auth_session": begun.auth_session,
        "oauth_state_id": begun.oauth_state_id,
        "url": f"oauth/authorize?auth_session={begun.auth_session}",
    }


async def approve(sandbox: Sandbox, ask: Approve) -> Answer:
    """Note the user's consent and say where to send them: nowhere when Link waits in another window."""
    link, begun = sandbox.links.by_auth_session(ask.auth_session)
    begun.approved = True
    back = link.ask.redirect_uri
    return {"redirect_to": f"{back}?oauth_state_id={begun.oauth_state_id}" if back else None}


async def status(sandbox: Sandbox, request: Request) -> Answer:
    """Return whether the user consented, and then what they may choose from."""
    link = sandbox.links.find(request.query_params.get("link_token", ""))
    begun = link.by_state(request.query_params.get("oauth_state_id", ""))
    return {
        "approved": begun.approved,
        "institution": shown(begun.institution),
        **(signed_in(begun) if begun.approved else {"accounts": [], "auth_session": begun.auth_session}),
    }
