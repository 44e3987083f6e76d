"""Link sessions: which user asked for which link token, and how it ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken

MOST_OPEN = 20
PRUNE_BATCH = 10_000

ADD = text("""
    INSERT INTO link_sessions (user_id, integration_id, link_token, state_hash, days_requested, expires_at)
    VALUES (:user_id, :integration_id, :link_token, :state_hash, :days_requested, :expires_at)
""")
OVER = "now() - interval '30 minutes'"
"""A public token that was issued at the last moment of its link token lives for 30 minutes more."""
ENDED_WELL = "coalesce(outcome IN ('linked', 'repaired'), false)"
OPEN = text(f"""
    SELECT id, link_token, days_requested FROM link_sessions
    WHERE user_id = :user_id AND integration_id IS NULL AND exchanged_at IS NULL AND expires_at > {OVER}
    ORDER BY created_at DESC, id DESC LIMIT {MOST_OPEN}
""")
"""Whoever loads the page asks for a link token, so several lie before the one that was used."""
TO_RESUME = text(f"""
    SELECT link_token, expires_at, integration_id FROM link_sessions
    WHERE state_hash = :state_hash AND user_id = :user_id AND expires_at > now() AND NOT {ENDED_WELL}
""")
BEGUN = text("SELECT id, integration_id FROM link_sessions WHERE state_hash = :state_hash AND user_id = :user_id")
LINKED = text("""
    UPDATE link_sessions SET exchanged_at = now(), outcome = 'linked', ended_at = now() WHERE id = :id
""")
REPAIRED = text(f"""
    UPDATE link_sessions s SET expires_at = least(s.expires_at, now()),
        outcome = CASE WHEN s.id = latest.id THEN 'repaired' ELSE s.outcome END,
        ended_at = CASE WHEN s.id = latest.id THEN now() ELSE s.ended_at END
    FROM (
        SELECT max(id) AS id FROM link_sessions
        WHERE user_id = :user_id AND integration_id = :integration_id AND NOT {ENDED_WELL}
    ) latest
    WHERE s.user_id = :user_id AND s.integration_id = :integration_id AND NOT {ENDED_WELL}
    RETURNING s.id
""")
"""The latest of those that are open is the one that ended; none of them leads on."""
LEFT = text(f"""
    UPDATE link_sessions SET outcome = :outcome, ended_at = now() WHERE id = :id AND NOT {ENDED_WELL} RETURNING id
""")
PRUNE = text(f"""
    DELETE FROM link_sessions
    WHERE id IN (
        SELECT id FROM link_sessions
        WHERE expires_at <= {OVER} AND (ended_at IS NULL OR ended_at <= now() - interval '2 days')
        LIMIT {PRUNE_BATCH}
    )
    RETURNING id
""")
"""How those of the last day ended is reported."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A link token that a user asked for; `integration_id` is what update mode repairs."""

    user_id: int
    integration_id: int | None
    link_token: SealedToken
    state_hash: bytes
    days_requested: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkSession:
    """A Link session that may still yield a public token."""

    id: int
    link_token: SealedToken
    days_requested: int


@dataclass(frozen=True, slots=True)
class Resumable:
    """A Link session that can go on."""

    link_token: SealedToken
    expires_at: datetime
    integration_id: int | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A Link session, over or not."""

    id: int
    integration_id: int | None


async def add(session: AsyncSession, new: NewSession) -> None:
    """Remember who asked for this link token."""
    row = {
        "user_id": new.user_id,
        "integration_id": new.integration_id,
        "link_token": new.link_token.ciphertext,
        "state_hash": new.state_hash,
        "days_requested": new.days_requested,
        "expires_at": new.expires_at,
    }
    await session.execute(ADD, row)


async def still_open(session: AsyncSession, user_id: int) -> list[LinkSession]:
    """Return the user's sessions for new links that may still yield a public token, newest first."""
    rows = await session.execute(OPEN, {"user_id": user_id})
    return [LinkSession(row.id, SealedToken(row.link_token), row.days_requested) for row in rows]


async def to_resume(session: AsyncSession, user_id: int, state_hash: bytes) -> Resumable | None:
    """Return this user's session of this state if its link token is good and it has not ended well."""
    rows = await session.execute(TO_RESUME, {"user_id": user_id, "state_hash": state_hash})
    row = rows.one_or_none()
    return None if row is None else Resumable(SealedToken(row.link_token), row.expires_at, row.integration_id)


async def find(session: AsyncSession, user_id: int, state_hash: bytes) -> Begun | None:
    """Return this user's session of this state, also when it is over."""
    row = (await session.execute(BEGUN, {"user_id": user_id, "state_hash": state_hash})).one_or_none()
    return None if row is None else Begun(row.id, row.integration_id)


async def end_linked(session: AsyncSession, session_id: int) -> None:
    """Note that the session's public token was exchanged."""
    await session.execute(LINKED, {"id": session_id})


async def end_repaired(session: AsyncSession, user_id: int, integration_id: int) -> bool:
    """End the update modes of this integration, the latest one well; return whether there was one."""
    values = {"user_id": user_id, "integration_id": integration_id}
    return bool((await session.execute(REPAIRED, values)).all())


async def end_without(session: AsyncSession, session_id: int, outcome: str) -> bool:
    """Note how the user left Link, unless the session ended well; return whether it did not."""
    return (await session.execute(LEFT, {"id": session_id, "outcome": outcome})).one_or_none() is not None


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH sessions that can yield no public token any more; return how many."""
    return len((await session.execute(PRUNE)).all())
