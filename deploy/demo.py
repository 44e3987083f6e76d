"""The main job without a browser: link three users' banks, wait until every expense stands, compare with the truth.

`python -m deploy.demo` exits 0 only if nothing is lost and nothing is there twice.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
from prometheus_client import REGISTRY
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlalchemy import RowMapping, text

from common.database import Database
from deploy.embedded import Ports, System, start, system
from deploy.truth import Comparison, compare, items

PEOPLE = {1: "user_good", 2: "user_household", 3: "user_business"}
INSTITUTION = "ins_109508"
SINGLE_CHANGES = 50
PATIENCE = 180.0
"""Seconds until the demo gives up and reports what is missing."""
SETTLING = 15.0
"""Seconds that the last changes get to arrive before they count as lost."""
HISTOGRAM = "webhook_to_expense_seconds"

STATE = text("""
    SELECT i.user_id, i.item_id, i.transactions_update_status AS stage, i.last_sync_error AS error,
        i.processed_seq = i.requested_seq AND i.lease_token IS NULL AS settled, t.*, e.*,
        (SELECT count(*) FROM outbox) AS in_hand
    FROM plaid_integrations i,
        LATERAL (
            SELECT count(*) FILTER (WHERE sync_status = 'synced') AS transactions,
                count(*) FILTER (WHERE decided_version < version) AS undecided
            FROM plaid_transactions WHERE integration_id = i.id
        ) t,
        LATERAL (
            SELECT count(*) AS expenses, count(*) FILTER (WHERE needs_review) AS needs_review
            FROM expenses WHERE user_id = i.user_id AND withdrawn_at IS NULL
        ) e
    WHERE i.is_active ORDER BY i.user_id
""")
"""One bank per user, so that a user's expenses are the item's; a message stays in the outbox until it is handled."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the demo measured."""

    rows: Sequence[RowMapping]
    comparison: Comparison
    seconds: float
    latency: tuple[float, float] | None
    """p50 and p99 in seconds, None where a single change did not arrive."""

    @property
    def good(self) -> bool:
        """Whether all came, nothing is lost and nothing is there twice."""
        return stands(self.rows) and self.latency is not None and self.comparison.equal

    def as_json(self) -> dict[str, Any]:
        """Return the last line's object."""
        p50, p99 = (round(seconds * 1000, 1) for seconds in self.latency) if self.latency else (None, None)
        return {
            "items": len(self.rows),
            "transactions": self.comparison.transactions,
            "expenses": sum(row["expenses"] for row in self.rows),
            "needs_review": sum(row["needs_review"] for row in self.rows),
            "seconds": round(self.seconds, 2),
            "transactions_per_second": round(sum(row["transactions"] for row in self.rows) / self.seconds),
            "webhook_to_expense_ms": {"p50": p50, "p99": p99},
            "lost": len(self.comparison.lost),
            "duplicated": len(self.comparison.duplicated),
        }


async def link(running: System, user_id: int, username: str) -> None:
    """Link a bank as the page and Plaid Link do it, without the browser."""
    bearer = {"Authorization": f"Bearer {running.token(user_id)}"}
    async with (
        httpx2.AsyncClient(base_url=running.api_url, timeout=60) as api,
        httpx2.AsyncClient(base_url=running.sandbox_url, timeout=60) as plaid_link,
    ):
        await link_through(api, plaid_link, bearer, username)


async def link_through(
    api: httpx2.AsyncClient, plaid_link: httpx2.AsyncClient, bearer: Mapping[str, str], username: str
) -> None:
    """Do so through clients that others may use as well: link_api's, which hears who it is, and Plaid Link's."""
    made = (await api.post("/api/plaid/create_link_token", json={}, headers=bearer)).raise_for_status().json()
    credentials = {"institution_id": INSTITUTION, "username": username, "password": "pass_good"}
    login = {"link_token": made["link_token"]} | credentials
    session = (await plaid_link.post("/link/session/authenticate", json=login)).raise_for_status().json()
    chosen = {
        "link_token": made["link_token"],
        "auth_session": session["auth_session"],
        "account_ids": [account["id"] for account in session["accounts"]],
    }
    done = (await plaid_link.post("/link/session/complete", json=chosen)).raise_for_status().json()
    body = {"public_token": done["public_token"], "metadata": done["metadata"]}
    (await api.post("/api/plaid/exchange_public_token", json=body, headers=bearer)).raise_for_status()


async def state(database: Database) -> Sequence[RowMapping]:
    """Return one row per linked item: its stage and counts."""
    async with database.transaction() as session:
        return (await session.execute(STATE)).mappings().all()


def stands(rows: Sequence[RowMapping]) -> bool:
    """Return whether all history has come, everything is decided, and nothing is still to be decided anew."""
    return len(rows) == len(PEOPLE) and all(
        row["stage"] == "HISTORICAL_UPDATE_COMPLETE" and row["settled"] and not row["undecided"] and not row["in_hand"]
        for row in rows
    )


def picture(rows: Sequence[RowMapping], seconds: float) -> Table:
    """Return the state as a table for people."""
    table = Table(title=f"Bank connections after {seconds:.1f} s")
    for heading in ("user at the bank", "stage", "transactions", "expenses", "to review"):
        table.add_column(heading, justify="left" if heading in {"user at the bank", "stage"} else "right")
    for row in rows:
        numbers = (f"{row[name]:,}" for name in ("transactions", "expenses", "needs_review"))
        stage = row["error"] or row["stage"].replace("_UPDATE", "").replace("_", " ").lower()
        table.add_row(PEOPLE[row["user_id"]], stage, *numbers)
    return table


async def link_everybody(running: System, console: Console) -> None:
    """Link every person's bank at once; tell whose could not be linked."""
    console.print("Linking three banks ...")
    done = await asyncio.gather(*(link(running, *person) for person in PEOPLE.items()), return_exceptions=True)
    for name, outcome in zip(PEOPLE.values(), done, strict=True):
        if isinstance(outcome, BaseException):
            console.print(f"{name} could not be linked: {outcome}")


async def watch(database: Database, console: Console, started: float) -> tuple[Sequence[RowMapping], float]:
    """Show the import live until every expense stands or patience runs out; return the state and the seconds."""
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            rows, seconds = await state(database), perf_counter() - started
            live.update(picture(rows, seconds))
            if stands(rows) or seconds > PATIENCE:
                return rows, seconds
            await asyncio.sleep(0.2)


async def change_one_by_one(running: System, item_id: str) -> tuple[float, float]:
    """Let single transactions arrive, each with its own webhook, wait for each expense; return p50 and p99, seconds."""
    first = _buckets()
    async with httpx2.AsyncClient(base_url=running.sandbox_url, timeout=60) as bank:
        for number in range(SINGLE_CHANGES):
            before = _observed()
            line = {"name": f"Hardware store {number}", "amount": 12.34}
            (await bank.post(f"/sandbox_control/items/{item_id}/transactions", json=line)).raise_for_status()
            async with asyncio.timeout(PATIENCE):
                while _observed() == before:  # noqa: ASYNC110 - a metric has no event to wait for
                    await asyncio.sleep(0.005)
    last = _buckets()
    return quantile(first, last, 0.5), quantile(first, last, 0.99)


async def settle(database: Database, bank: httpx2.AsyncClient) -> Comparison:
    """Compare with the truth of every item of the bank until it is equal, or has had its time."""
    deadline = perf_counter() + SETTLING
    while True:
        comparison = await compare(database, bank, await items(bank))
        if comparison.equal or perf_counter() > deadline:
            return comparison
        await asyncio.sleep(0.5)


def _observed() -> float:
    return REGISTRY.get_sample_value(f"{HISTOGRAM}_count") or 0.0


def _buckets() -> dict[float, float]:
    metrics = next(metric for metric in REGISTRY.collect() if metric.name == HISTOGRAM)
    return {float(s.labels["le"]): s.value for s in metrics.samples if s.name.endswith("_bucket")}


def quantile(before: dict[float, float], after: dict[float, float], q: float) -> float:
    """Return the quantile of what was observed between, interpolated within its bucket as Prometheus does."""
    counts = {bound: after[bound] - before[bound] for bound in after}
    rank, lower, below = q * max(counts.values()), 0.0, 0.0
    for bound, count in sorted(counts.items()):
        if count >= rank:
            return lower if bound == float("inf") else lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    raise ValueError("nothing was observed")


async def measure(running: System, console: Console) -> Result:
    """Link, watch, then measure single changes, and compare everything with the stand-in's truth."""
    database = Database(running.database_url, application_name="demo")
    started = perf_counter()
    latency: tuple[float, float] | None = None
    try:
        await link_everybody(running, console)
        rows, seconds = await watch(database, console, started)
        if stands(rows):
            with suppress(TimeoutError):
                latency = await change_one_by_one(running, rows[0]["item_id"])
        async with httpx2.AsyncClient(base_url=running.sandbox_url, timeout=60) as bank:
            comparison = await settle(database, bank)
        return Result(await state(database), comparison, seconds, latency)
    finally:
        await database.close()


async def run() -> int:
    """Run the demo on a database of its own and return the exit code."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="cora-demo-") as folder:
        async with system(Path(folder), Ports.free()) as running:
            result = await measure(running, console)
    summary = result.as_json()
    console.print("\nSingle changes, webhook → expense in ms:", summary["webhook_to_expense_ms"])
    console.print(f"Lost {summary['lost']}, duplicated {summary['duplicated']}\n")
    print(json.dumps(summary))
    return 0 if result.good else 1


def main() -> None:
    """Run from the command line."""
    sys.exit(start(run()))


if __name__ == "__main__":
    main()
