from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.broker.topology import CATEGORIZE, SWEEP, SYNC
from common.budget import tally
from common.budget.tally import Share
from common.census import Census, items, take, taking, transactions, work
from common.census.items import Institution
from common.database import Database
from common.limits import Limit, Limits, Scope
from common.tables.link_api import STATUSES
from tests.common.census.rows import Rows

SILENCE = timedelta(hours=6)
NO_LIMITS: Limits = {}
RUNG = {"requested_seq": "1", "requested_trigger": "'webhook'", "rung_at": "now() - interval '90 s'"}

MANY_ITEMS = """
    INSERT INTO plaid_integrations (user_id, item_id, days_requested, next_sync_at, last_sync_at)
    SELECT 1, 'one of many ' || n, 730, now() + n * interval '1 s', now() - n * interval '1 s'
    FROM generate_series(1, 5000) n
"""
MANY_TRANSACTIONS = """
    INSERT INTO plaid_transactions (integration_id, account_id, transaction_id, amount, date, name, pending,
        content_hash, decided_version)
    SELECT integration_id, account_id, n, 1, now(), 'Coffee', false, '', 1
    FROM plaid_transactions, generate_series(1, 5000) n
"""


@pytest.fixture
def rows(database: Database) -> Rows:
    return Rows(database)


async def census(rows: Rows, limits: Limits = NO_LIMITS) -> Census:
    return await take(rows.database, limits, SILENCE)


async def test_nothing(rows: Rows) -> None:
    """Of an empty database every count is there, and is 0."""
    found = await census(rows)
    assert found.items == dict.fromkeys(items.STATES, 0)
    assert found.oldest_work == {SYNC.name: 0, SWEEP.name: 0, CATEGORIZE.name: 0}
    assert (found.freshness, found.institutions, found.limits_used) == ({}, [], [])
    assert (found.quarantined, found.reviews.ratio) == (0, 0)


async def test_items_by_state(rows: Rows) -> None:
    """Every item counts once; a paused one as paused, unless it is on its way out or gone."""
    for status in STATUSES:
        await rows.item(status=f"'{status}'")
        await rows.item(status=f"'{status}'", paused_at="now()")
    found = (await census(rows)).items
    assert found == {"active": 1, "login_required": 1, "revoked": 1, "removing": 2, "disconnected": 2, "paused": 3}


async def test_freshness_is_of_items_that_are_synced(rows: Rows) -> None:
    """Seconds since the last success, or since the link; broken and paused items are not stale, they stand still."""
    for minutes in range(1, 101):
        await rows.item(last_sync_at=f"now() - interval '{minutes} min'")
    await rows.item(status="'login_required'", last_sync_at="now() - interval '9 days'")
    await rows.item(paused_at="now()", last_sync_at="now() - interval '9 days'")
    found = (await census(rows)).freshness
    assert found == pytest.approx({0.5: 3_000, 0.9: 5_400, 0.99: 5_940, 1.0: 6_000}, abs=65)
    await rows.item(created_at="now() - interval '1 day'")
    assert (await census(rows)).freshness[1.0] == pytest.approx(86_400, abs=5)


async def test_institutions_that_fail(rows: Rows) -> None:
    """Those with the largest share of failing items first, small ones left out, never more than the most."""
    for _ in range(items.LEAST_ITEMS):
        await rows.item(institution_id="'well'")
        await rows.item(institution_id="'ill'", last_sync_error="'INSTITUTION_DOWN'")
    await rows.item(institution_id="'ill'")
    await rows.item(institution_id="'small'", last_sync_error="'INSTITUTION_DOWN'")
    await rows.item(institution_id="'well'", status="'login_required'", last_sync_error="'ITEM_LOGIN_REQUIRED'")
    found = (await census(rows)).institutions
    assert found == [Institution("ill", 4, 3), Institution("well", 3, 0)]
    assert found[0].failing_ratio == 0.75
    for number in range(items.MOST_INSTITUTIONS):
        for _ in range(items.LEAST_ITEMS):
            await rows.item(institution_id=f"'another {number}'")
    assert len((await census(rows)).institutions) == items.MOST_INSTITUTIONS


async def test_an_unanswered_doorbell_ages_until_it_is_answered(rows: Rows) -> None:
    """The sync queue's oldest work is the oldest doorbell; once it is answered there is none."""
    item = await rows.item(**RUNG)
    await rows.item(**RUNG | {"rung_at": "now()"})
    assert (await census(rows)).oldest_work[SYNC.name] == pytest.approx(90, abs=5)
    await rows.run(
        "UPDATE plaid_integrations SET processed_seq = requested_seq, rung_at = NULL WHERE id = :id", id=item
    )
    assert (await census(rows)).oldest_work[SYNC.name] < 5


@pytest.mark.parametrize(
    "waiting",
    [
        {"paused_at": "now()"},
        {"last_sync_error": "'INTERNAL_SERVER_ERROR'"},
        {"status": "'login_required'"},
        {"institution_id": "'ill'"},
    ],
    ids=str,
)
async def test_what_waits_on_purpose_is_no_backlog(rows: Rows, waiting: dict[str, str]) -> None:
    """Neither a doorbell nor a silence of an item that is paused, failing, broken, or left alone with its bank."""
    await rows.run("""
        INSERT INTO institution_health (institution_id, failures, items, error_code, failing_since, open_until)
        VALUES ('ill', 3, '{}', 'INSTITUTION_DOWN', now(), now() + interval '1 min')
    """)
    await rows.item(**RUNG | {"last_sync_at": "now() - interval '7 days'"} | waiting)
    found = (await census(rows)).oldest_work
    assert (found[SYNC.name], found[SWEEP.name]) == (0, 0)
    await rows.run("DELETE FROM institution_health")
    found = (await census(rows)).oldest_work
    assert (found[SYNC.name] > 0) == (waiting.get("institution_id") is not None)


async def test_a_sweep_that_does_not_come(rows: Rows) -> None:
    """The sweep queue's oldest work is what is due and not claimed, or silent for longer than it may be."""
    await rows.item(next_sync_at="now() - interval '40 s'")
    assert (await census(rows)).oldest_work[SWEEP.name] == pytest.approx(40, abs=5)
    await rows.run("UPDATE plaid_integrations SET next_sync_at = now() + interval '1 minute'")
    assert (await census(rows)).oldest_work[SWEEP.name] == 0
    await rows.run("UPDATE plaid_integrations SET last_sync_at = now() - interval '6 h' - interval '70 s'")
    assert (await census(rows)).oldest_work[SWEEP.name] == pytest.approx(70, abs=5)


async def test_an_undecided_transaction_ages_until_it_is_decided(rows: Rows) -> None:
    """The categorise queue's oldest work is the oldest change that no decision knows."""
    item = await rows.item()
    await rows.transaction(item, age="1 day", decided=1)
    await rows.transaction(item, age="30 s")
    oldest = await rows.transaction(item, age="50 s")
    assert (await census(rows)).oldest_work[CATEGORIZE.name] == pytest.approx(50, abs=5)
    await rows.run("UPDATE plaid_transactions SET decided_version = version WHERE id = :id", id=oldest)
    assert (await census(rows)).oldest_work[CATEGORIZE.name] == pytest.approx(30, abs=5)
    await rows.run("UPDATE plaid_transactions SET decided_version = version")
    assert (await census(rows)).oldest_work[CATEGORIZE.name] == 0


async def test_a_decision_that_is_asked_for_anew_is_not_as_old_as_its_row(rows: Rows) -> None:
    """A rule that is applied to last year's expenses makes no backlog of a year."""
    transaction = await rows.transaction(await rows.item(), age="1 year")
    expense = await rows.expense(transaction)
    await rows.run("UPDATE plaid_transactions SET expense_id = :expense", expense=expense)
    assert (await census(rows)).oldest_work[CATEGORIZE.name] == 0


async def test_quarantine_and_questions(rows: Rows) -> None:
    """What was resolved, answered or withdrawn counts no more."""
    item = await rows.item()
    for asks, withdrawn, reviewed in [(True, False, False), (True, True, False), (True, False, True), (False,) * 3]:
        await rows.expense(await rows.transaction(item), asks=asks, withdrawn=withdrawn, reviewed=reviewed)
    await rows.run(
        """
        INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason, resolved_at)
        VALUES (:item, 'a', '{}', 'amount', NULL), (:item, 'b', '{}', 'amount', now())
        """,
        item=item,
    )
    found = await census(rows)
    assert found.quarantined == 1
    assert (found.reviews.expenses, found.reviews.asking) == (3, 1)
    assert found.reviews.ratio == pytest.approx(1 / 3)


async def test_what_is_used_of_plaids_limits(rows: Rows) -> None:
    """Each limit of the client's has its own share, by its window; an item's has none."""
    limits = {
        "/transactions/refresh": (
            Limit(Scope.ITEM, 2, 60),
            Limit(Scope.CLIENT, 100, 60),
            Limit(Scope.CLIENT, 1_000, 3600),
        ),
        "/item/get": (Limit(Scope.CLIENT, 100, 60),),
    }
    await rows.run("""
        INSERT INTO plaid_api_usage (endpoint, minute, calls)
        VALUES ('/transactions/refresh', date_trunc('minute', now()) - interval '30 minutes', 450)
    """)
    async with rows.database.transaction() as session:
        for _ in range(50):
            await tally.count(session, "/transactions/refresh", calls=1)
    used = (await census(rows, limits)).limits_used
    assert used == [Share("/transactions/refresh", 60, 0.5), Share("/transactions/refresh", 3600, 0.5)]


async def test_a_census_writes_nothing_and_ends_soon(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL itself refuses a census that writes, and ends one that takes too long."""
    monkeypatch.setattr(transactions, "QUARANTINED", text("DELETE FROM outbox"))
    with pytest.raises(DBAPIError, match="read-only"):
        await census(rows)
    slow = (*taking.READING, text("SET LOCAL statement_timeout = 50"))
    monkeypatch.setattr(taking, "READING", slow)
    monkeypatch.setattr(transactions, "QUARANTINED", text("SELECT 1 FROM pg_sleep(5)"))
    with pytest.raises(DBAPIError, match="statement timeout"):
        await census(rows)


async def test_the_oldest_work_is_found_by_index(rows: Rows) -> None:
    """However many rows there are that are done: each statement has an index that knows which are not."""
    await rows.transaction(await rows.item())
    await rows.run(MANY_ITEMS)
    await rows.run(MANY_TRANSACTIONS)
    await rows.run("ANALYZE plaid_integrations, plaid_transactions")
    for statement, index, values in (
        (work.RUNG, "ix_plaid_integrations_unanswered", {}),
        (work.OVERDUE, "ix_plaid_integrations_due", {}),
        (work.SILENT, "ix_plaid_integrations_silent", {"max_silence": SILENCE}),
        (work.UNDECIDED, "ix_plaid_transactions_undecided", {}),
    ):
        plan = "\n".join(row["QUERY PLAN"] for row in await rows.run(f"EXPLAIN {statement.text}", **values))
        assert index in plan, plan
