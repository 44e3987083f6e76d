"""The health of institutions, shared by all workers: one that fails again and again is left alone as a whole.

A circuit breaker. Closed: no row, or too few failures. Open: until `open_until` no sync of its items begins. Half open:
one item's sync is the probe; when it succeeds the row goes, when it fails the circuit opens for longer.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

THRESHOLD = 3
"""Different items that failed in a row: one that is sick by itself closes no bank to the others."""
SHORTEST = "interval '1 minute'"
LONGEST = "interval '1 hour'"
PROBE = "interval '2 minutes'"
"""A probe that was not heard of by then died with its worker; another one may try."""

STANDING = text("""
    SELECT open_until IS NOT NULL AS tripped, open_until > now() AS open, greatest(open_until, probe_until) AS until,
        now() AS now
    FROM institution_health WHERE institution_id = :institution_id
""")
PROBE_IT = text(f"""
    UPDATE institution_health SET probe_until = now() + {PROBE}
    WHERE institution_id = :institution_id AND open_until <= now()
        AND (probe_until IS NULL OR probe_until <= now())
    RETURNING institution_id
""")
TRIPPED = f"cardinality(h.items) >= {THRESHOLD}"
TRIPPING = f"({TRIPPED} OR (cardinality(h.items) = {THRESHOLD} - 1 AND NOT h.items @> excluded.items))"
FAILED = text(f"""
    INSERT INTO institution_health AS h (institution_id, failures, items, error_code, failing_since)
    VALUES (:institution_id, 0, ARRAY[CAST(:integration_id AS integer)], :error_code, now())
    ON CONFLICT (institution_id) DO UPDATE
    SET error_code = excluded.error_code, probe_until = NULL,
        items = CASE WHEN h.items @> excluded.items OR {TRIPPED} THEN h.items ELSE h.items || excluded.items END,
        failures = CASE WHEN {TRIPPING} THEN h.failures + 1 ELSE 0 END,
        open_until = CASE WHEN {TRIPPING} THEN
            now() + least({SHORTEST} * power(2, least(h.failures, 10)), {LONGEST}) * (0.75 + :jitter / 4) END
    WHERE h.open_until IS NULL OR h.open_until <= now()
    RETURNING open_until IS NOT NULL AS open
""")
"""What failed while the circuit was open already had begun before, and tells nothing new."""
RECOVERED = text("DELETE FROM institution_health WHERE institution_id = :institution_id RETURNING open_until")
WAKE = text("""
    UPDATE plaid_integrations SET next_sync_at = now() + :spread * random()
    WHERE institution_id = :institution_id AND status = 'active' AND processed_seq < requested_seq
        AND next_sync_at > now() + :spread
""")
SPREAD = timedelta(seconds=30)


async def admit(session: AsyncSession, institution_id: str | None) -> timedelta | None:
    """Return how long the institution is to be left alone; None: a sync may begin now, perhaps as the probe."""
    named = {"institution_id": institution_id}
    row = (await session.execute(STANDING, named)).first()
    if row is None or not row.tripped:
        return None
    if not row.open and (await session.execute(PROBE_IT, named)).first() is not None:
        return None
    remaining: timedelta = row.until - row.now
    return max(remaining, timedelta(seconds=1))


async def failed(
    session: AsyncSession, institution_id: str | None, integration_id: int, error_code: str, jitter: float
) -> bool:
    """Count a failure of the institution; return whether it is left alone now. `jitter` (0 to 1) spreads its pause."""
    if institution_id is None:
        return False
    values = {
        "institution_id": institution_id,
        "integration_id": integration_id,
        "error_code": error_code,
        "jitter": jitter,
    }
    row = (await session.execute(FAILED, values)).first()
    return row is None or bool(row.open)


async def recovered(session: AsyncSession, institution_id: str | None) -> bool:
    """Forget the failures; return whether it had been left alone."""
    row = (await session.execute(RECOVERED, {"institution_id": institution_id})).first()
    return row is not None and row.open_until is not None


async def wake(session: AsyncSession, institution_id: str | None) -> None:
    """Let its items that wait come soon, spread over half a minute. Not in one transaction with `recovered`: locks."""
    await session.execute(WAKE, {"institution_id": institution_id, "spread": SPREAD})
