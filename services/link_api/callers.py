"""Who calls: the host application's bearer token (RFC 6750), a JWT whose `sub` is the user's integer id."""

from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from common.database import Database
from common.web import Problem
from link_api.domain import identifiers
from link_api.store import users
from link_api.tokens import Tokens

MOST_KNOWN = 100_000
OPERATOR = "operator"
"""The claim `role` of those who run the system."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, until the token expires; an operator sees how the whole system does, and nobody's data but their own."""

    user_id: int
    expires_at: datetime
    operator: bool = False


class Callers:
    """Admits whoever holds a valid token; makes the user's row at first sight."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens
        self._known: set[int] = set()

    async def admit(self, token: str | None) -> Caller:
        """Return whose token this is, or raise a 401 Problem; a 503 while no key is known to prove it."""
        if token is None:
            raise unauthorized("Send your access token in the header: Authorization: Bearer <token>.")
        caller = await self._read(token)
        await self._introduce(caller.user_id)
        return caller

    async def _read(self, token: str) -> Caller:
        try:
            claims = await self._tokens.read(token)
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except jwt.ExpiredSignatureError:
            raise unauthorized("Your access token has expired; sign in again.", code="token_expired") from None
        except (jwt.InvalidTokenError, OverflowError, ValueError, OSError):
            raise unauthorized("Your access token is not valid here; sign in again.", code="token_invalid") from None
        user_id = identifiers.read(claims["sub"])
        if user_id is None:
            raise unauthorized("The token's `sub` must be the user's id, an integer as text.", code="token_invalid")
        return Caller(user_id, expires_at, operator=claims.get("role") == OPERATOR)

    async def _introduce(self, user_id: int) -> None:
        if user_id in self._known:
            return
        async with self._database.transaction() as session:
            await users.introduce(session, user_id)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known.add(user_id)


def unauthorized(detail: str, code: str = "token_missing") -> Problem:
    """Return the 401 that asks for a bearer token."""
    return Problem(401, detail, code=code, headers={"WWW-Authenticate": "Bearer"})
