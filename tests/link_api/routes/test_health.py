from datetime import timedelta
from typing import Any

import pytest

from link_api.store import health
from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World, bearer

HEALTH = "/api/plaid/health"
SYNC = """
    INSERT INTO plaid_sync_history (integration_id, sync_type, trigger, sync_duration, success, created_at)
    SELECT :integration, 'update', 'webhook', :milliseconds, :success, now() - CAST(:age AS interval)
    FROM generate_series(1, :many)
"""
SESSION = """
    INSERT INTO link_sessions (user_id, integration_id, link_token, days_requested, expires_at, outcome, ended_at)
    VALUES (1, :integration, '', 730, now(), CAST(:outcome AS text),
        CASE WHEN :outcome IS NOT NULL THEN now() - CAST(:age AS interval) END)
"""
CALLS = """
    INSERT INTO plaid_api_usage (endpoint, minute, calls, put_off, limited, failed)
    VALUES (:endpoint, date_trunc('minute', now()), :calls, 1, 2, 3)
"""


async def report(live: World) -> Json:
    answer = await live.api.get(HEALTH, headers=bearer(9, role="operator"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def synced(live: World, integration: int, *, many: int = 1, failed: bool = False, hours: int = 1) -> None:
    """Let syncs of half a second have ended some hours ago."""
    values: dict[str, Any] = {"milliseconds": 9000 if failed else 500, "age": timedelta(hours=hours)}
    await live.change(SYNC, integration=integration, many=many, success=not failed, **values)


@pytest.mark.parametrize("claims", [{}, {"role": "user"}, {"role": ["operator"]}, {"role": "Operator"}, {"role": None}])
async def test_only_operators_see_it(shared: World, claims: dict[str, Any]) -> None:
    """A token whose role is not exactly `operator` is told so, with 403."""
    answer = await shared.api.get(HEALTH, headers=bearer(1, **claims))
    assert (answer.status_code, answer.json()["code"]) == (403, "operators_only")


async def test_an_operator_is_a_user_like_others(live: World) -> None:
    """The role opens nothing of another user's."""
    await ledger(live, 1)
    answer = await live.api.get("/api/plaid/integrations", headers=bearer(9, role="operator"))
    assert answer.json()["items"] == []


async def test_nothing_is_no_failure(live: World) -> None:
    """Where nothing was, rates and times are null, counts 0."""
    found = await report(live)
    assert found | {"at": ""} == {
        "at": "",
        "active_connections": 0,
        "connections": {},
        "pending_syncs": 0,
        "syncs": 0,
        "failed_syncs": 0,
        "error_rate": None,
        "avg_sync_time": None,
        "api_usage": [],
        "institutions": [],
        "connection_success": {"ended": 0, "linked": 0, "rate": None},
    }


async def test_syncs_of_a_day_are_counted(live: World) -> None:
    """Failed of all syncs in 24 hours, also by institution, worst first; failures do not count in the time."""
    one, other = await ledger(live, 1), await ledger(live, 2)
    await live.change("UPDATE plaid_integrations SET institution_id = 'ins_2' WHERE id = :id", id=other.integration_id)
    await live.change("INSERT INTO institutions (institution_id, name, oauth) VALUES ('ins_2', 'Second', false)")
    await synced(live, one.integration_id, many=5)
    await synced(live, other.integration_id, many=2)
    await synced(live, other.integration_id, failed=True)
    await synced(live, one.integration_id, many=9, failed=True, hours=25)
    found = await report(live)
    assert (found["syncs"], found["failed_syncs"], found["error_rate"]) == (8, 1, "0.1250")
    assert found["avg_sync_time"] == "0.500"
    assert found["institutions"] == [
        {"institution_id": "ins_2", "name": "Second", "syncs": 3, "failed": 1, "error_rate": "0.3333"},
        {"institution_id": "ins_1", "name": "A Bank", "syncs": 5, "failed": 0, "error_rate": "0.0000"},
    ]


async def test_connections_are_counted_by_status(live: World) -> None:
    """What is linked and works is active; a sync is pending while one that was asked for has not ended."""
    books = [await ledger(live, user_id) for user_id in (1, 1, 2)]
    ids = [book.integration_id for book in books]
    await live.change("UPDATE plaid_integrations SET requested_seq = 2, processed_seq = 1")
    await live.change("UPDATE plaid_integrations SET processed_seq = 2 WHERE id = :id", id=ids[0])
    await live.change("UPDATE plaid_integrations SET status = 'login_required' WHERE id = :id", id=ids[1])
    found = await report(live)
    assert (found["active_connections"], found["pending_syncs"]) == (2, 1)
    assert found["connections"] == {"active": 2, "login_required": 1}


async def test_link_sessions_that_ended_are_counted(live: World) -> None:
    """Linked of those of a day that ended; repairs and sessions that go on are no attempts at a new bank."""
    book = await ledger(live, 1)
    outcomes = ("linked", "linked", "left", "failed", None)
    for outcome in outcomes:
        await live.change(SESSION, integration=None, outcome=outcome, age=timedelta(hours=1))
    await live.change(SESSION, integration=book.integration_id, outcome="repaired", age=timedelta(hours=1))
    await live.change(SESSION, integration=None, outcome="left", age=timedelta(hours=25))
    assert (await report(live))["connection_success"] == {"ended": 4, "linked": 2, "rate": "0.5000"}


async def test_calls_stand_beside_their_limits(live: World) -> None:
    """Each endpoint's calls, what a minute allows, and how much of that is used; null where there is no limit."""
    await live.change(CALLS, endpoint="/transactions/sync", calls=50)
    await live.change(CALLS, endpoint="/sandbox/item/fire_webhook", calls=7)
    unlimited, limited = (await report(live))["api_usage"]
    assert (limited["limit_per_minute"], limited["used"]) == (1000, "0.0500")
    assert limited.items() >= {"last_minute": 50, "last_day": 50, "put_off": 1, "limited": 2, "failed": 3}.items()
    assert (unlimited["limit_per_minute"], unlimited["used"], unlimited["last_hour"]) == (None, None, 7)


async def test_a_day_is_found_by_index(live: World) -> None:
    """However long the history, the report reads the last day of it, and counts connections without their rows."""
    book = await ledger(live, 1)
    await synced(live, book.integration_id, many=20_000, hours=48)
    await synced(live, book.integration_id, many=20)
    await live.change("ANALYZE plaid_sync_history")
    for statement, index in (
        (health.SYNCS, "ix_plaid_sync_history_created_at"),
        (health.INSTITUTIONS, "ix_plaid_sync_history_created_at"),
    ):
        plan = "\n".join(row["QUERY PLAN"] for row in await live.rows(f"EXPLAIN {statement.text}"))
        assert index in plan, plan
        assert "Seq Scan on plaid_sync_history" not in plan, plan
