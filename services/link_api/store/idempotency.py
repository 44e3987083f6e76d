"""Idempotency keys: who runs a request, and what came of it, kept for 24 hours."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken
from link_api.domain.idempotency import Request

PRUNE_BATCH = 10_000

CLAIM = text("""
    INSERT INTO idempotency_keys AS kept (user_id, key, operation, fingerprint, claim, claimed_until)
    VALUES (:user_id, :key, :operation, :fingerprint, :claim, now() + CAST(:lease AS interval))
    ON CONFLICT (user_id, key) DO UPDATE SET claim = excluded.claim, claimed_until = excluded.claimed_until
    WHERE kept.answer IS NULL AND kept.claimed_until < now() AND kept.fingerprint = excluded.fingerprint
    RETURNING claim
""")
FIND = text("SELECT fingerprint, answer FROM idempotency_keys WHERE user_id = :user_id AND key = :key")
MINE = "user_id = :user_id AND key = :key AND claim = :claim AND answer IS NULL"
FINISH = text(f"UPDATE idempotency_keys SET answer = :answer WHERE {MINE}")
RELEASE = text(f"DELETE FROM idempotency_keys WHERE {MINE}")
PRUNE = text(f"""
    DELETE FROM idempotency_keys WHERE (user_id, key) IN (
        SELECT user_id, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours' LIMIT {PRUNE_BATCH}
    )
    RETURNING key
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands under a key: the request that it was first sent with, and its answer once there is one."""

    fingerprint: bytes
    answer: SealedToken | None


async def claim(session: AsyncSession, request: Request, claim: UUID, lease: timedelta) -> Kept | None:
    """Begin a run of this request for as long as the lease; return what stands in the way, None if nothing does."""
    at = {"user_id": request.user_id, "key": request.key}
    row = at | {"operation": request.operation, "fingerprint": request.fingerprint, "claim": claim, "lease": lease}
    if (await session.execute(CLAIM, row)).one_or_none() is not None:
        return None
    found = (await session.execute(FIND, at)).one_or_none()
    if found is None:  # it ended without an answer between the two statements
        return Kept(request.fingerprint, None)
    return Kept(found.fingerprint, SealedToken(found.answer) if found.answer else None)


async def finish(session: AsyncSession, request: Request, claim: UUID, answer: SealedToken | None) -> None:
    """Keep the answer of this run; None forgets the run. Nothing happens when another has taken over."""
    row = {"user_id": request.user_id, "key": request.key, "claim": claim}
    if answer is None:
        await session.execute(RELEASE, row)
    else:
        await session.execute(FINISH, row | {"answer": answer.ciphertext})


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH keys of more than 24 hours ago; return how many."""
    return len((await session.execute(PRUNE)).all())
