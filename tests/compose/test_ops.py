"""The operators' command beside the running system, as its own container."""

import asyncio
import json

from sqlalchemy import text

from tests.compose.crowd import crowd
from tests.compose.stack import Stack

USER = 8_001
TAMPER = text("""
    UPDATE plaid_transactions t SET name = 'TAMPERED', content_hash = 'x' FROM plaid_integrations i
    WHERE i.id = t.integration_id AND i.user_id = :user_id AND NOT pending
""")
TAMPERED = text("SELECT count(*) FROM plaid_transactions WHERE name = 'TAMPERED'")


async def test_an_operator_finds_and_heals_what_differs(stack: Stack) -> None:
    """`docker compose run --rm ops audit --heal`: a worker takes the order, and its next sync mends what differs."""
    async with crowd(stack, USER) as people, stack.database() as database:
        await people.link("user_business_90")
        await people.stands()
        async with database.transaction() as session:
            await session.execute(TAMPER, {"user_id": USER})
        words = ("--rm", "--no-TTY", "ops", "audit", "--user", str(USER), "--heal", "--json")
        [audit] = json.loads(await asyncio.to_thread(stack.compose, "run", *words))
        async with database.transaction() as session:
            left = (await session.execute(TAMPERED)).scalar_one()
        await people.stands()
    assert (audit["outcome"], audit["missing"], audit["extra"], left) == ("reread", 0, 0, 0)
    assert audit["different"] > 50


async def test_the_doctor_finds_all_well(stack: Stack) -> None:
    """Its container reaches all that the services stand on, and has every setting to look at it; nothing fails."""
    async with crowd(stack, USER + 1) as people:
        await people.link("user_good")
        await people.stands()
    words = ("--rm", "--no-TTY", "ops", "doctor", "--json")
    found = json.loads(await asyncio.to_thread(stack.compose, "run", *words))
    assert [one for one in found if one["outcome"] not in {"ok", "skipped"}] == []
    assert {one["check"] for one in found} >= {"keys", "consumers", "Plaid", "redirect URI", "webhook URL"}
