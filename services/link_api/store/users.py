"""Users: known by the host application's id."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

INTRODUCE = text("INSERT INTO users (id) VALUES (:user_id) ON CONFLICT (id) DO NOTHING")


async def introduce(session: AsyncSession, user_id: int) -> None:
    """Make the user's row unless it is there."""
    await session.execute(INTRODUCE, {"user_id": user_id})
