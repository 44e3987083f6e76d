"""Link sessions: which user asked for which link token."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken

MOST_OPEN = 20
PRUNE_BATCH = 10_000

ADD = text("""
    INSERT INTO link_sessions (user_id, integration_id, link_token, days_requested, expires_at)
    VALUES (:user_id, :integration_id, :link_token, :days_requested, :expires_at)
""")
OVER = "now() - interval '30 minutes'"
"""A public token that was issued at the last moment of its link token lives for 30 minutes more."""
OPEN = text(f"""
    SELECT id, link_token, days_requested FROM link_sessions
    WHERE user_id = :user_id AND integration_id IS NULL AND exchanged_at IS NULL AND expires_at > {OVER}
    ORDER BY created_at DESC, id DESC LIMIT {MOST_OPEN}
""")
"""Whoever loads the page asks for a link token, so several lie before the one that was used."""
CLOSE = text("UPDATE link_sessions SET exchanged_at = now() WHERE id = :id")
PRUNE = text(f"""
    DELETE FROM link_sessions
    WHERE id IN (SELECT id FROM link_sessions WHERE expires_at <= {OVER} LIMIT {PRUNE_BATCH})
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class NewSession:
    """A link token that a user asked for; `integration_id` is what update mode repairs."""

    user_id: int
    integration_id: int | None
    link_token: SealedToken
    days_requested: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkSession:
    """A Link session that may still yield a public token."""

    id: int
    link_token: SealedToken
    days_requested: int


async def add(session: AsyncSession, new: NewSession) -> None:
    """Remember who asked for this link token."""
    row = {
        "user_id": new.user_id,
        "integration_id": new.integration_id,
        "link_token": new.link_token.ciphertext,
        "days_requested": new.days_requested,
        "expires_at": new.expires_at,
    }
    await session.execute(ADD, row)


async def still_open(session: AsyncSession, user_id: int) -> list[LinkSession]:
    """Return the user's sessions for new links that may still yield a public token, newest first."""
    rows = await session.execute(OPEN, {"user_id": user_id})
    return [LinkSession(row.id, SealedToken(row.link_token), row.days_requested) for row in rows]


async def close(session: AsyncSession, session_id: int) -> None:
    """Note that the session's public token was exchanged."""
    await session.execute(CLOSE, {"id": session_id})


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH sessions that can yield no public token any more; return how many."""
    return len((await session.execute(PRUNE)).all())
