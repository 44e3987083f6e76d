"""Exchanges of public tokens: who is at it, what came of it, and which began and never ended."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PRUNE_BATCH = 10_000

CLAIM = text("""
    INSERT INTO public_token_exchanges AS e
        (user_id, public_token_hash, institution_id, institution_name, claimed_until)
    VALUES (:user_id, :public_token_hash, :institution_id, :institution_name, now() + :lease)
    ON CONFLICT (public_token_hash) DO UPDATE
        SET attempts = least(e.attempts + 1, 1000), claimed_until = excluded.claimed_until
        WHERE e.integration_id IS NULL AND e.claimed_until <= now() AND e.user_id = excluded.user_id
    RETURNING e.id, e.attempts
""")
FIND = text("""
    SELECT e.integration_id, coalesce(i.is_active, false) AS connected, e.claimed_until > now() AS under_way
    FROM public_token_exchanges e LEFT JOIN plaid_integrations i ON i.id = e.integration_id
    WHERE e.public_token_hash = :public_token_hash AND e.user_id = :user_id
""")
STORED = text("UPDATE public_token_exchanges SET integration_id = :integration_id, item_id = NULL WHERE id = :id")
LET_GO = text("""
    UPDATE public_token_exchanges SET claimed_until = now(), item_id = coalesce(:item_id, item_id) WHERE id = :id
""")
FORGET = text("DELETE FROM public_token_exchanges WHERE id = :id")
PRUNE = text(f"""
    DELETE FROM public_token_exchanges
    WHERE id IN (
        SELECT id FROM public_token_exchanges
        WHERE begun_at <= now() - CASE WHEN integration_id IS NULL THEN interval '90 days' ELSE interval '1 day' END
        LIMIT {PRUNE_BATCH}
    )
    RETURNING id
""")
"""Of one that ended, the answer may be asked for again; one that never did is an operator's."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to exchange a public token. `first`: nobody tried before."""

    id: int
    first: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an exchange."""

    integration_id: int | None
    connected: bool
    under_way: bool


@dataclass(frozen=True, slots=True)
class Beginning:
    """An exchange that is about to begin."""

    user_id: int
    public_token_hash: bytes
    institution_id: str | None
    institution_name: str | None


async def claim(session: AsyncSession, new: Beginning, lease: timedelta) -> Claim | None:
    """Take the exchange of this public token for so long; None if it is another's, or was done."""
    row = {
        "user_id": new.user_id,
        "public_token_hash": new.public_token_hash,
        "institution_id": new.institution_id,
        "institution_name": new.institution_name,
        "lease": lease,
    }
    taken = (await session.execute(CLAIM, row)).one_or_none()
    return None if taken is None else Claim(taken.id, taken.attempts == 1)


async def find(session: AsyncSession, user_id: int, public_token_hash: bytes) -> Found | None:
    """Return what is known of this user's exchange of this public token."""
    values = {"user_id": user_id, "public_token_hash": public_token_hash}
    row = (await session.execute(FIND, values)).one_or_none()
    return None if row is None else Found(row.integration_id, row.connected, row.under_way)


async def end(session: AsyncSession, claim_id: int, integration_id: int) -> None:
    """Note what came of it."""
    await session.execute(STORED, {"id": claim_id, "integration_id": integration_id})


async def let_go(session: AsyncSession, claim_id: int, item_id: str | None = None) -> None:
    """Let another try, or an operator look; `item_id` is what Plaid made of it, if that is known."""
    await session.execute(LET_GO, {"id": claim_id, "item_id": item_id})


async def forget(session: AsyncSession, claim_id: int) -> None:
    """Forget an exchange that left nothing at Plaid."""
    await session.execute(FORGET, {"id": claim_id})


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH exchanges that are of no use any more; return how many."""
    return len((await session.execute(PRUNE)).all())
