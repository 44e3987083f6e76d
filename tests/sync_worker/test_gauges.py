import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from common.broker.memory import MemoryBroker
from common.broker.topology import CATEGORIZE, SYNC
from common.database import Database
from common.limits import PRODUCTION
from sync_worker import gauges
from sync_worker.gauges import Gauges
from tests.common.census.rows import Rows
from tests.common.faulty_broker import FaultyBroker

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
QUARANTINE = """
    INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason)
    VALUES (:item, 'a', '{}', 'amount')
"""
SILENCE = timedelta(hours=6)


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator[Rows]:
    database = Database(database_url)
    yield Rows(database)
    await database.close()


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def labels_of(name: str) -> list[dict[str, str]]:
    return [sample.labels for metric in REGISTRY.collect() if metric.name == name for sample in metric.samples]


async def test_what_is_counted_is_shown(rows: Rows) -> None:
    """Every gauge of the census follows the tables and the broker, there and back."""
    broker = MemoryBroker()
    census = Gauges(rows.database, broker, PRODUCTION, SILENCE)
    for number in range(3):
        rung = {"requested_seq": "1", "rung_at": "now() - interval '90 s'"} if number == 0 else {}
        item = await rows.item(institution_id="'ins_1'", last_sync_at="now() - interval '10 s'", **rung)
    await rows.item(institution_id="'ins_1'", last_sync_error="'INTERNAL_SERVER_ERROR'")
    expense = await rows.expense(await rows.transaction(item, age="50 s"), asks=True)
    await rows.run(QUARANTINE, item=item)
    await rows.run("INSERT INTO plaid_api_usage (endpoint, minute, calls) VALUES ('/transactions/sync', now(), 250)")
    await census.once()
    assert shown("items", state="active") == 4
    assert shown("item_freshness_seconds", quantile="0.5") == pytest.approx(10, abs=5)
    assert shown("institution_items_failing_ratio", institution_id="ins_1") == 0.25
    assert shown("plaid_limit_used_ratio", endpoint="/transactions/sync", limit="client/min") == 0.1
    assert (shown("quarantined_transactions"), shown("expenses_needing_review_ratio")) == (1, 1)
    assert shown("queue_messages", queue=SYNC.name) == 0
    assert shown("queue_oldest_seconds", queue=SYNC.name) == pytest.approx(90, abs=5)
    assert shown("queue_oldest_seconds", queue=CATEGORIZE.name) == pytest.approx(50, abs=5)

    await rows.run("UPDATE plaid_integrations SET processed_seq = requested_seq, paused_at = now()")
    await rows.run("UPDATE plaid_transactions SET decided_version = version, expense_id = :expense", expense=expense)
    await rows.run("UPDATE expenses SET reviewed_at = now()")
    await rows.run("UPDATE quarantined_transactions SET resolved_at = now()")
    await rows.run("DELETE FROM plaid_api_usage")
    await census.once()
    assert (shown("items", state="active"), shown("items", state="paused")) == (0, 4)
    assert (shown("quarantined_transactions"), shown("expenses_needing_review_ratio")) == (0, 0)
    assert {shown("queue_oldest_seconds", queue=queue.name) for queue in (SYNC, CATEGORIZE)} == {0}
    for gone in ("item_freshness_seconds", "institution_items_failing_ratio", "plaid_limit_used_ratio"):
        assert labels_of(gone) == []
    await broker.close()


async def test_an_outage_is_seen_and_survived(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PostgreSQL and RabbitMQ the loop goes on, counts that it failed, and the age of its figures grows."""
    monkeypatch.setattr(gauges, "EVERY", 0.01)
    monkeypatch.setattr(gauges, "REST", 0)
    away = Database(NOWHERE)
    census = Gauges(away, FaultyBroker(), PRODUCTION, SILENCE)
    failed = [shown("census_failures_total", source=source) or 0 for source in ("tables", "broker")]
    loop = asyncio.create_task(census.run())

    async def until_failed(source: str, before: float) -> None:
        while (shown("census_failures_total", source=source) or 0) < before + 2:  # noqa: ASYNC110 - a figure, no event
            await asyncio.sleep(0.005)

    async with asyncio.timeout(10):
        for source, before in zip(("tables", "broker"), failed, strict=True):
            await until_failed(source, before)
    assert not loop.done()
    aged = shown("census_age_seconds")
    assert aged is not None
    assert aged > 0.01
    assert labels_of("queue_messages") == []
    census._database = rows.database  # it is back
    async with asyncio.timeout(10):
        while (shown("census_age_seconds") or 0) >= aged:  # noqa: ASYNC110 - a figure, no event
            await asyncio.sleep(0.001)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await away.close()


@pytest.mark.parametrize(("took", "rests"), [(0.01, 15.0), (2.0, 40.0)])
def test_a_large_census_rests_longer(took: float, rests: float) -> None:
    """However long a census takes, it takes no more than a twentieth of the time."""
    assert gauges.pause_after(took) == rests
