"""What a stand-in keeps of Link over a restart: its tokens, their sessions, and logins in the making."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from plaid_sandbox.bank.profiles import profile_of
from plaid_sandbox.core import Sandbox
from plaid_sandbox.institutions import INSTITUTIONS
from plaid_sandbox.links import Authentication, LinkToken, Session
from plaid_sandbox.registry import PUBLIC_TOKEN_LIFETIME
from plaid_sandbox.requests import LinkTokenCreate


class LoginState(BaseModel):
    """A login in the making, without the accounts, which follow from the seed."""

    auth_session: str
    institution_id: str
    username: str
    number: int
    oauth_state_id: str | None
    approved: bool

    @classmethod
    def of(cls, begun: Authentication) -> Self:
        """Return the state of this login."""
        return cls(
            auth_session=begun.auth_session,
            institution_id=begun.institution.institution_id,
            username=begun.login.profile.username,
            number=begun.login.number,
            oauth_state_id=begun.oauth_state_id,
            approved=begun.approved,
        )

    def restore(self, sandbox: Sandbox, link: LinkToken) -> None:
        """Go on with the login, if its user is still known."""
        institution, profile = INSTITUTIONS[self.institution_id], profile_of(self.username)
        if profile is None:
            return
        login = sandbox.registry.login(institution, profile, self.number)
        link.authentications[self.auth_session] = Authentication(
            self.auth_session, institution, login, link.accounts_of(login), self.oauth_state_id, approved=self.approved
        )


class LinkState(BaseModel):
    """One link token. Credentials are not kept."""

    token: str
    ask: LinkTokenCreate
    item_id: str | None
    created_at: datetime
    expires_at: datetime
    sessions: list[Session]
    logins: list[LoginState]

    @classmethod
    def of(cls, link: LinkToken) -> Self:
        """Return the state of this link token."""
        return cls(
            token=link.token,
            ask=link.ask.model_copy(update={"client_id": None, "secret": None}),
            item_id=link.item.item_id if link.item else None,
            created_at=link.created_at,
            expires_at=link.expires_at,
            sessions=link.sessions,
            logins=[LoginState.of(begun) for begun in link.authentications.values()],
        )

    def restore(self, sandbox: Sandbox) -> None:
        """Let the link token be found again, unless its Item is gone."""
        item = sandbox.registry.find(self.item_id) if self.item_id else None
        if self.item_id and item is None:
            return
        link = LinkToken(self.token, self.ask, item, self.created_at, self.expires_at, self.sessions)
        for begun in self.logins:
            begun.restore(sandbox, link)
        sandbox.links.add(link)


def is_worth_keeping(link: LinkToken, now: datetime) -> bool:
    """Whether somebody may still ask: until a public token of its last moment has expired too."""
    return now < link.expires_at + PUBLIC_TOKEN_LIFETIME
