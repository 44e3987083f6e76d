"""When everything is handled: nothing waits, nothing is held, and PostgreSQL holds the bank's truth, row by row."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database
from deploy.truth import Comparison, compare
from tests.e2e.bank import Bank
from tests.e2e.virtual_hosts import left_in_queues
from tests.servers.rabbitmq import Rabbit

LEASE = 30.0
CONVERGED = (LEASE + 15.0) * (3 if "PYTEST_XDIST_WORKER" in os.environ else 1)
"""Seconds after the last failed server answers; three times that where other tests take the processor too."""

LEFT_OVER = text("""
    SELECT (SELECT count(*) FROM outbox) AS outbox,
        count(*) FILTER (WHERE lease_token IS NOT NULL AND lease_expires_at > now()) AS leases,
        count(*) FILTER (WHERE processed_seq < requested_seq) AS unanswered,
        count(*) FILTER (WHERE transactions_update_status <> 'HISTORICAL_UPDATE_COMPLETE') AS incomplete,
        count(*) FILTER (WHERE last_sync_error IS NOT NULL OR status <> 'active') AS failed,
        (SELECT count(*) FROM plaid_transactions WHERE decided_version < version) AS undecided,
        (SELECT count(*) FROM quarantined_transactions) AS quarantined,
        (SELECT count(*) FROM users) - count(DISTINCT user_id) AS without_a_bank,
        count(*) - count(DISTINCT user_id) AS with_two_banks
    FROM plaid_integrations
""")
UNDER_WAY = text("""
    SELECT count(*) FROM plaid_integrations
    WHERE lease_expires_at > now() AND user_id = :user_id AND transactions_update_status <> 'NOT_READY'
""")
ROW = text("""
    SELECT t.*, row_to_json(e) AS expense, row_to_json(i) AS integration FROM plaid_transactions t
        JOIN plaid_integrations i ON i.id = t.integration_id LEFT JOIN expenses e ON e.transaction_id = t.id
    WHERE t.transaction_id = :transaction_id
""")
ITEMS = text("SELECT item_id FROM plaid_integrations ORDER BY id")


class Witness:
    """Looks at a running system from outside: its database, its queues, and its bank."""

    def __init__(self, database: Database, rabbit: Rabbit, amqp_url: str, bank: Bank) -> None:
        self.database = database
        self.bank = bank
        self._rabbit = rabbit
        self._amqp_url = amqp_url

    async def items(self) -> list[str]:
        """Return the item_ids that users have linked, oldest first."""
        async with self.database.transaction() as session:
            return list((await session.execute(ITEMS)).scalars())

    async def imports(self, user_id: int) -> None:
        """Return at a moment when a worker reads the history of this user's bank."""
        async with asyncio.timeout(CONVERGED):
            while True:
                with suppress(SQLAlchemyError, OSError):  # a connection that an outage broke
                    async with self.database.transaction() as session:
                        if (await session.execute(UNDER_WAY, {"user_id": user_id})).scalar_one():
                            return
                await asyncio.sleep(0.01)

    async def left_over(self) -> dict[str, object]:
        """Return what is not as it must be in the end, by name; empty when all is handled and true."""
        async with self.database.transaction() as session:
            row = (await session.execute(LEFT_OVER)).mappings().one()
        left: dict[str, object] = {name: count for name, count in row.items() if count}
        if not left:
            compared = await self.compare()
            left = {name: found for name in ("lost", "duplicated") if (found := getattr(compared, name))}
        return left or dict(await left_in_queues(self._rabbit, self._amqp_url))

    async def compare(self) -> Comparison:
        """Compare every row with what the bank knows."""
        return await compare(self.database, self.bank.client, await self.items())

    async def settled(self, within: float = CONVERGED) -> float:
        """Return the seconds until nothing is left over; AssertionError with what is when that takes too long."""
        began, left = perf_counter(), dict[str, object]()
        while perf_counter() - began < within:
            try:
                left = await self.left_over()
            except (SQLAlchemyError, OSError) as error:  # a server that is down still
                left = {"error": repr(error)}
            if not left:
                return perf_counter() - began
            await asyncio.sleep(0.25)
        raise AssertionError(f"after {within:.0f} s still: {left}, such as {await self._example(left)}")

    async def _example(self, left: Mapping[str, object]) -> object:
        """Return what we and the bank have of the first wrong row, if that is what is wrong."""
        wrong = next((found for name in ("lost", "duplicated") if isinstance(found := left.get(name), list)), None)
        if not wrong:
            return None
        async with self.database.transaction() as session:
            ours = (await session.execute(ROW, {"transaction_id": wrong[0]})).mappings().first()
        items = await asyncio.gather(*(self.bank.ask(f"items/{item}/truth") for item in await self.items()))
        truth = [row for item in items for row in item["transactions"] if row["transaction_id"] == wrong[0]]
        return {"ours": dict(ours or {}), "the bank's": truth}
