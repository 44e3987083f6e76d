"""Users: known by the host application's id."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

INTRODUCE = text("INSERT INTO users (id) VALUES (:user_id) ON CONFLICT (id) DO NOTHING")

LOCK = text("SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE")


async def introduce(session: AsyncSession, user_id: int) -> None:
    """Make the user's row unless it is there."""
    await session.execute(INTRODUCE, {"user_id": user_id})


async def lock(session: AsyncSession, user_id: int) -> None:
    """Let nobody else who locks this user go on before this transaction ends."""
    await session.execute(LOCK, {"user_id": user_id})
