"""Users in front of the page: they link a bank, and what was cut they begin anew."""

import asyncio
from typing import Any

import httpx2

from deploy.demo import link
from deploy.embedded import System

PATIENCE = 180.0
BREATH = 0.1


async def integrations(system: System, user_id: int) -> list[dict[str, Any]]:
    """Return the user's linked banks as the page gets them."""
    bearer = {"Authorization": f"Bearer {system.token(user_id)}"}
    async with httpx2.AsyncClient(base_url=system.api_url, headers=bearer, timeout=30) as api:
        found: list[dict[str, Any]] = (await api.get("/api/plaid/integrations")).raise_for_status().json()["items"]
        return found


async def link_whatever_happens(system: System, user_id: int, username: str, *, cuts: int = 0) -> int:
    """Link as a front end does it: what was cut is looked at and begun anew; return how often it has been cut."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if not cuts or not await integrations(system, user_id):
                    await link(system, user_id, username)
            except httpx2.TransportError:
                cuts += 1
            except httpx2.HTTPStatusError as refused:
                if refused.response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    raise
                cuts += 1
            else:
                return cuts
            await asyncio.sleep(BREATH)
