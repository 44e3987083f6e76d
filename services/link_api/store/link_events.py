"""What Plaid Link told the page, kept 90 days for support."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

MOST_A_DAY = 2_000
"""Of one user: some hundred times through Link."""
PRUNE_BATCH = 10_000
COLUMNS = (
    "callback", "event_name", "link_session_id", "request_id", "institution_id", "institution_name", "view_name",
    "status", "error_type", "error_code", "error_message", "display_message", "occurred_at",
)  # fmt: skip

ADD = text(f"""
    INSERT INTO link_events (user_id, integration_id, {", ".join(COLUMNS)})
    SELECT :user_id, :integration_id, {", ".join(f":{name}" for name in COLUMNS)}
    WHERE (
        SELECT count(*) FROM link_events WHERE user_id = :user_id AND created_at > now() - interval '1 day'
    ) < {MOST_A_DAY}
""")
PRUNE = text(f"""
    DELETE FROM link_events
    WHERE id IN (
        SELECT id FROM link_events WHERE created_at <= now() - interval '90 days' LIMIT {PRUNE_BATCH}
    )
    RETURNING id
""")


async def add(session: AsyncSession, user_id: int, integration_id: int | None, row: dict[str, Any]) -> None:
    """Keep it, unless this user has told too much today."""
    await session.execute(ADD, {"user_id": user_id, "integration_id": integration_id, **row})


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH that are 90 days old; return how many."""
    return len((await session.execute(PRUNE)).all())
