from datetime import datetime

import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from tests.link_api.ledger import ledger
from tests.link_api.world import World

INTEGRATIONS = "/api/plaid/integrations"


async def test_an_integration_tells_how_it_stands(live: World) -> None:
    """Progress, freshness, what the user has to do, and the last error with Plaid's request_id."""
    book = await ledger(live)
    await book.transaction()
    await live.change(
        """UPDATE plaid_integrations SET status = 'login_required', last_sync_error = 'ITEM_LOGIN_REQUIRED',
            last_sync_error_message = 'sign in again', last_sync_error_request_id = 'req', last_sync_error_at = now(),
            transactions_update_status = 'HISTORICAL_UPDATE_COMPLETE', history_from = '2024-11-23', requested_seq = 9"""
    )
    shown = (await live.get(f"{INTEGRATIONS}/{book.integration_id}")).json()
    assert (shown["status"], shown["action_required"]) == ("login_required", "reconnect")
    assert (shown["stage"], shown["history_from"]) == ("HISTORICAL_UPDATE_COMPLETE", "2024-11-23")
    assert (shown["transactions"], shown["syncing"]) == (1, False)
    assert shown["last_error"]["code"] == "ITEM_LOGIN_REQUIRED"
    assert shown["last_error"]["request_id"] == "req"


async def test_an_integration_tells_its_history_and_its_ends(live: World) -> None:
    """How much history was asked for, whether it is all here, and when access runs out."""
    book = await ledger(live)
    path = f"{INTEGRATIONS}/{book.integration_id}"
    shown = (await live.get(path)).json()
    assert (shown["history_complete"], shown["days_requested"]) == (False, 730)
    assert (shown["disconnects_at"], shown["consent_expires_at"]) == (None, None)
    await live.change(
        """UPDATE plaid_integrations SET transactions_update_status = 'HISTORICAL_UPDATE_COMPLETE',
            days_requested = 90, disconnects_at = '2026-11-29T09:00:00Z', consent_expires_at = '2027-02-20T00:00:00Z'"""
    )
    shown = (await live.get(path)).json()
    assert (shown["history_complete"], shown["days_requested"]) == (True, 90)
    assert (shown["disconnects_at"], shown["consent_expires_at"]) == ("2026-11-29T09:00:00Z", "2027-02-20T00:00:00Z")


@pytest.mark.parametrize(
    ("status", "by_itself"), [("active", True), ("login_required", False), ("revoked", False), ("removing", False)]
)
async def test_a_retry_is_told_only_where_one_comes_by_itself(live: World, status: str, by_itself: bool) -> None:
    """What waits for its user, or is over, promises no sync; the column's other uses stay inside."""
    book = await ledger(live)
    due = "2026-11-22T12:00:00Z"
    await live.change(
        "UPDATE plaid_integrations SET status = :status, next_sync_at = :due, last_sync_error = 'INSTITUTION_DOWN'",
        status=status,
        due=datetime.fromisoformat(due),
    )
    shown = (await live.get(f"{INTEGRATIONS}/{book.integration_id}")).json()
    assert shown["next_sync_at"] == shown["last_error"]["retry_at"] == (due if by_itself else None)


async def test_syncing_means_that_news_may_come(live: World) -> None:
    """A request without an answer yet, or a live lease, and a state that allows a sync."""
    book = await ledger(live)
    for change, syncing in [
        ("lease_expires_at = now() + interval '1 minute'", True),
        ("lease_expires_at = now() - interval '1 second'", False),
        ("requested_seq = 1", True),
        ("requested_seq = 1, processed_seq = 1", False),
        ("requested_seq = 2, status = 'revoked'", False),
    ]:
        await live.change(f"UPDATE plaid_integrations SET {change}")
        shown = (await live.get(f"{INTEGRATIONS}/{book.integration_id}")).json()
        assert shown["syncing"] is syncing, change


async def test_a_manual_sync_rings_the_doorbell(live: World) -> None:
    """202, and sync_worker is asked in the trigger's name; its own columns are left alone."""
    book = await ledger(live)
    for path, trigger in [("sync", "manual"), ("repaired", "repaired")]:
        answer = await live.post(f"{INTEGRATIONS}/{book.integration_id}/{path}")
        assert (answer.status_code, answer.json()) == (202, {"status": "requested"})
        assert (await live.emitted("item.sync_requested"))[-1]["trigger"] == trigger
    [row] = await live.rows("SELECT requested_seq, status FROM plaid_integrations")
    assert (row["requested_seq"], row["status"]) == (0, "active")


async def test_a_paused_bank_says_so(live: World) -> None:
    """No sync is promised or under way; who asks for one is told why not, and a repair is taken note of."""
    book = await ledger(live)
    await live.change("UPDATE plaid_integrations SET paused_at = now(), requested_seq = 1, next_sync_at = now()")
    path = f"{INTEGRATIONS}/{book.integration_id}"
    shown = (await live.get(path)).json()
    assert (shown["paused"], shown["syncing"], shown["next_sync_at"]) == (True, False, None)
    answer = await live.post(f"{path}/sync")
    assert (answer.status_code, answer.json()["code"]) == (409, "paused")
    assert "Nothing is lost" in answer.json()["detail"]
    assert (await live.post(f"{path}/repaired")).status_code == 202
    assert [one["trigger"] for one in await live.emitted("item.sync_requested")] == ["repaired"]


async def test_a_disconnect_ends_lease_and_syncs_and_asks_for_the_removal(live: World) -> None:
    """State, lease, removal request and the browsers' hint stand together; asking twice asks once."""
    book = await ledger(live)
    lease = "lease_token = gen_random_uuid(), lease_expires_at = now() + interval '1 minute'"
    await live.change(f"UPDATE plaid_integrations SET {lease}")
    for _ in range(2):
        answer = await live.delete(f"{INTEGRATIONS}/{book.integration_id}")
        assert (answer.status_code, answer.json()["status"]) == (202, "removing")
    [row] = await live.rows("SELECT *, next_sync_at <= now() AS due FROM plaid_integrations")
    assert (row["is_active"], row["lease_token"], row["lease_expires_at"]) == (False, None, None)
    assert row["due"]
    assert row["access_token"] == "sealed"
    assert await live.emitted("item.removal_requested") == [{"version": 1, "integration_id": book.integration_id}]
    [hint] = await live.rows("SELECT user_id, type, body::jsonb AS body FROM user_events")
    assert (hint["user_id"], hint["type"], hint["body"]["status"]) == (1, "item.status_changed", "removing")


async def test_a_disconnect_that_cannot_be_announced_does_not_happen(live: World) -> None:
    """State and events commit together or not at all."""
    book = await ledger(live)
    await live.change("ALTER TABLE user_events ADD CONSTRAINT broken CHECK (id < 0)")
    with capture_logs():
        assert (await live.delete(f"{INTEGRATIONS}/{book.integration_id}")).status_code == 500
    [row] = await live.rows("SELECT status, is_active FROM plaid_integrations")
    assert (row["status"], row["is_active"]) == ("active", True)
    assert await live.emitted("item.removal_requested") == []


async def test_what_is_disconnected_is_listed_only_when_asked_for(live: World) -> None:
    """A removed bank leaves the list and its accounts; `include=disconnected` shows it."""
    book = await ledger(live)
    await live.delete(f"{INTEGRATIONS}/{book.integration_id}")
    assert [item["status"] for item in (await live.get(INTEGRATIONS)).json()["items"]] == ["removing"]
    assert (await live.get("/api/plaid/accounts")).json()["items"] == []
    await live.change("UPDATE plaid_integrations SET status = 'disconnected', access_token = NULL")
    assert (await live.get(INTEGRATIONS)).json()["items"] == []
    everything = (await live.get(INTEGRATIONS, include="disconnected")).json()
    assert [item["status"] for item in everything["items"]] == ["disconnected"]
    assert everything["next_cursor"] is None


@pytest.mark.parametrize("path", ["sync", "repaired"])
async def test_a_disconnected_bank_cannot_be_synced(live: World, path: str) -> None:
    """Whoever asks is told to link it anew, and no doorbell rings."""
    book = await ledger(live)
    await live.delete(f"{INTEGRATIONS}/{book.integration_id}")
    answer = await live.post(f"{INTEGRATIONS}/{book.integration_id}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "disconnected")
    assert await live.emitted("item.sync_requested") == []


@pytest.mark.parametrize("path", ["sync", "repaired"])
async def test_a_revoked_bank_cannot_be_synced(live: World, path: str) -> None:
    """Nothing would come of it: whoever asks is told to link it anew, and no doorbell rings."""
    book = await ledger(live)
    await live.change("UPDATE plaid_integrations SET status = 'revoked'")
    answer = await live.post(f"{INTEGRATIONS}/{book.integration_id}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "revoked")
    assert "link it anew" in answer.json()["detail"]
    assert await live.emitted("item.sync_requested") == []


async def test_a_foreign_or_unknown_id_is_not_there(live: World) -> None:
    """Another user's integration and nonsense look the same: 404, whatever one does with it, and nothing happens."""
    book = await ledger(live, user_id=2)
    for id_ in (book.integration_id, "0", "-1", "99", "abc", "4294967296", "9" * 60, "1%00", "%C2%B2"):
        for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/repaired")]:
            answer = await live.call(method, f"{INTEGRATIONS}/{id_}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (id_, method, path)
    [row] = await live.rows("SELECT status FROM plaid_integrations")
    assert row["status"] == "active"
    assert await live.rows("SELECT id FROM outbox") == []


async def test_update_mode_of_a_foreign_or_unknown_id_is_refused(live: World) -> None:
    """Nobody gets a link token for another user's item."""
    book = await ledger(live, user_id=2)
    for id_ in (book.integration_id, 0, -1, 99, 2**31, 10**30):
        answer = await live.post("/api/plaid/create_link_token", {"integration_id": id_})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), id_


async def test_lists_are_of_the_caller_alone(live: World, sandbox: Starlette) -> None:
    """No integration or account of another user is ever listed."""
    await ledger(live, user_id=2)
    for path in (INTEGRATIONS, "/api/plaid/accounts"):
        assert (await live.get(path)).json() == {"items": [], "next_cursor": None}
        assert len((await live.get(path, 2)).json()["items"]) == 1
