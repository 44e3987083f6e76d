"""The report on the system's health, for operators."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from common.budget import tally
from common.web import Problem
from link_api.callers import Caller
from link_api.parts import Use, User
from link_api.refusals import refusals
from link_api.schemas.health import Health
from link_api.store import health

router = APIRouter(prefix="/api/plaid/health", tags=["operations"])


def _operators_only() -> Problem:
    detail = "This is for operators: it needs a token with the claim `role`: `operator`."
    return Problem(403, detail, code="operators_only")


def _operator(user: User) -> Caller:
    if not user.operator:
        raise _operators_only()
    return user


Operator = Annotated[Caller, Depends(_operator)]


@router.get("", responses=refusals(_operators_only()))
async def report_health(parts: Use, _operator: Operator) -> Health:
    """Report how well banks are linked and synced, and how much of Plaid's rate limits that takes, over all users."""
    async with parts.database.transaction() as session:
        return Health.of(
            await health.connections(session),
            await health.pending(session),
            await health.syncs(session),
            links=await health.links(session),
            institutions=await health.institutions(session),
            usage=await tally.usage(session, parts.limits),
            at=datetime.now(UTC),
        )
