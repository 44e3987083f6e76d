"""How users like it: each one's latest word."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

READ = text("""
    SELECT f.rating, f.comment, f.given_at,
        f.user_id IS NULL AND EXISTS (
            SELECT FROM plaid_integrations i
            WHERE i.user_id = u.id AND i.last_sync_at IS NOT NULL AND i.transactions_update_status <> 'NOT_READY'
        ) AS due
    FROM users u LEFT JOIN feedback f ON f.user_id = u.id
    WHERE u.id = :user_id
""")
WRITE = text("""
    INSERT INTO feedback AS f (user_id, rating, comment) VALUES (:user_id, :rating, :comment)
    ON CONFLICT (user_id) DO UPDATE SET rating = excluded.rating, comment = excluded.comment, given_at = now()
    WHERE excluded.rating IS NOT NULL OR f.rating IS NULL
""")
"""Who would not say the second time has said it the first time."""


async def read(session: AsyncSession, user_id: int) -> RowMapping:
    """Return what the user said last, and whether to ask: after the first import, and never again."""
    return (await session.execute(READ, {"user_id": user_id})).mappings().one()


async def write(session: AsyncSession, user_id: int, rating: int | None, comment: str | None) -> None:
    """Store what the user says now; None is that they would not say."""
    await session.execute(WRITE, {"user_id": user_id, "rating": rating, "comment": comment})
