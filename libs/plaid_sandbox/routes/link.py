"""The backend of Plaid Link's window: our page talks to it, no client of Plaid's ever sees it."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.routing import Route

from plaid_sandbox import institutions
from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.login import Login
from plaid_sandbox.changes import Shared
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.institutions import Institution
from plaid_sandbox.items import Item
from plaid_sandbox.links import Authentication, LinkToken, Session
from plaid_sandbox.registry import Terms
from plaid_sandbox.requests import Part
from plaid_sandbox.routes.endpoint import get, post
from plaid_sandbox.signin import sign_in


class InSession(Part):
    link_token: str


class Authenticate(InSession):
    institution_id: str
    username: str
    password: str


class Complete(InSession):
    auth_session: str
    account_ids: Annotated[list[str], Field(min_length=1)]


class Event(InSession):
    event_name: Annotated[str, Field(min_length=1)]
    metadata: Annotated[dict[str, object], Field(default_factory=dict)]


class Exit(InSession):
    error: dict[str, object] | None = None
    metadata: Annotated[dict[str, object], Field(default_factory=dict)]


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        get(sandbox, "/session", session_of),
        post(sandbox, "/session/authenticate", Authenticate, authenticate),
        post(sandbox, "/session/complete", Complete, complete),
        post(sandbox, "/session/event", Event, note_event),
        post(sandbox, "/session/exit", Exit, leave),
    ]


async def session_of(sandbox: Sandbox, request: Request) -> Answer:
    """Open the window: say what it shows."""
    link, session = sandbox.links.open(request.query_params.get("link_token", ""))
    sandbox.durability.note()
    offered = institutions.within(link.ask.country_codes)
    if link.ask.institution_id:
        offered = [institutions.find(link.ask.institution_id)]
    return {
        "account_selection_enabled": link.selects_accounts,
        "client_name": link.ask.client_name,
        "institution": shown(link.item.institution) if link.item else None,
        "institutions": [shown(institution) for institution in offered],
        "link_session_id": session.link_session_id,
        "mode": "update" if link.item else "new",
        "redirect_uri": link.ask.redirect_uri,
    }


async def authenticate(sandbox: Sandbox, ask: Authenticate) -> Answer:
    """Log in with user name and password; the answer's accounts wait to be chosen from."""
    link, _ = sandbox.links.open(ask.link_token)
    institution = institutions.find(ask.institution_id)
    login = log_in(sandbox, link, institution, ask.username, ask.password)
    return signed_in(sandbox.links.begin(link, institution, login, oauth=False))


async def complete(sandbox: Sandbox, ask: Complete) -> Answer:
    """End the session well: make the Item of the chosen accounts, or in update mode repair the one there is."""
    link, session = sandbox.links.open(ask.link_token)
    begun = link.authentication(ask.auth_session)
    if not begun.approved:
        raise PlaidError("ACCESS_NOT_GRANTED")
    chosen = [account for account in begun.accounts if account.account_id in ask.account_ids]
    if len(chosen) != len(set(ask.account_ids)):
        raise PlaidError("INVALID_ACCOUNT_ID")
    del link.authentications[ask.auth_session]
    if link.item:
        _repair(sandbox, link, link.item, chosen)
        item = link.item
    else:
        item = await _make_item(sandbox, link, begun, chosen)
    public_token = sandbox.registry.issue_public_token(item)
    metadata = _metadata(session, item.institution, chosen)
    sandbox.links.succeed(session, public_token, metadata)
    return {"metadata": metadata, "public_token": public_token}


async def note_event(sandbox: Sandbox, ask: Event) -> Answer:
    """Keep what the window tells; OPEN after an ended session begins the next one."""
    link = sandbox.links.find(ask.link_token)
    if ask.event_name == "OPEN" or not link.sessions:
        sandbox.links.open(ask.link_token)
    sandbox.links.note(link.sessions[-1], ask.event_name, ask.metadata)
    return {}


async def leave(sandbox: Sandbox, ask: Exit) -> Answer:
    """End the session without an Item."""
    link = sandbox.links.find(ask.link_token)
    if link.sessions:
        sandbox.links.leave(link.sessions[-1], ask.error, ask.metadata)
    return {}


def log_in(sandbox: Sandbox, link: LinkToken, institution: Institution, username: str, password: str) -> Login:
    """Return the login: a new one, or in update mode the Item's own, which no other user's login can replace."""
    profile = sign_in(institution, username, password)
    if link.item is None:
        return sandbox.registry.log_in(institution, profile)
    if institution != link.item.institution:
        raise PlaidError("INVALID_INSTITUTION")
    if username != link.item.username:
        raise PlaidError("INVALID_UPDATED_USERNAME")
    return link.item.book.login


def signed_in(begun: Authentication) -> Answer:
    """Return what the window may show after a login."""
    accounts = [
        {"id": one.account_id, "mask": one.mask, "name": one.name, "subtype": one.subtype, "type": one.type}
        for one in begun.accounts
    ]
    return {"accounts": accounts, "auth_session": begun.auth_session}


def shown(institution: Institution) -> dict[str, object]:
    """Return what the window shows of a bank."""
    return {
        "institution_id": institution.institution_id,
        "name": institution.name,
        "oauth": institution.oauth,
        "primary_color": institution.primary_color,
    }


async def _make_item(sandbox: Sandbox, link: LinkToken, begun: Authentication, chosen: list[Account]) -> Item:
    days = link.ask.transactions.days_requested if link.ask.transactions else None
    terms = Terms(link.ask.products or [], days, link.ask.webhook)
    ids = [account.account_id for account in chosen]
    return await sandbox.registry.create(begun.login, begun.institution, ids, terms)


def _repair(sandbox: Sandbox, link: LinkToken, item: Item, chosen: list[Account]) -> None:
    sandbox.feed.repair(item)
    if link.selects_accounts:
        ids = tuple(account.account_id for account in chosen)
        sandbox.feed.change(item, Shared(day=sandbox.clock.now().date(), account_ids=ids))


def _metadata(session: Session, institution: Institution, chosen: list[Account]) -> dict[str, object]:
    """Return what onSuccess gets."""
    return {
        "accounts": [
            {
                "class_type": None,
                "id": account.account_id,
                "mask": account.mask,
                "name": account.name,
                "subtype": account.subtype,
                "type": account.type,
                "verification_status": None,
            }
            for account in chosen
        ],
        "institution": {"institution_id": institution.institution_id, "name": institution.name},
        "link_session_id": session.link_session_id,
        "transfer_status": None,
    }
