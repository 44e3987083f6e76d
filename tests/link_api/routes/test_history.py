from tests.link_api.ledger import Ledger, ledger
from tests.link_api.world import World

SYNC = """
    INSERT INTO plaid_sync_history (integration_id, sync_type, trigger, transactions_added, sync_duration, success,
        error_code, error_message, error_request_id, created_at)
    SELECT :id, 'update', 'webhook', n, 40 + n, n <> 2, CASE n WHEN 2 THEN 'INSTITUTION_DOWN' END,
        CASE n WHEN 2 THEN 'it is down' END, CASE n WHEN 2 THEN 'request-2' END,
        TIMESTAMPTZ '2026-11-22T09:00:00Z' + n * interval '1 minute'
    FROM generate_series(1, CAST(:count AS int)) n
"""


async def with_history(live: World, user_id: int = 1, count: int = 5) -> Ledger:
    book = await ledger(live, user_id)
    await live.change(SYNC, id=book.integration_id, count=count)
    return book


async def test_syncs_are_listed_newest_first_with_what_they_brought(live: World) -> None:
    """What each added, how long it took, and why it failed."""
    book = await with_history(live, count=2)
    failed, first = (await live.get(f"/api/plaid/integrations/{book.integration_id}/history")).json()["items"]
    assert (first["success"], first["added"], first["duration_ms"], first["error"]) == (True, 1, 41, None)
    assert (first["type"], first["trigger"], first["at"]) == ("update", "webhook", "2026-11-22T09:01:00Z")
    assert failed["success"] is False
    assert failed["error"] == {"code": "INSTITUTION_DOWN", "message": "it is down", "request_id": "request-2"}


async def test_pages_follow_each_other_without_gap_or_repetition(live: World) -> None:
    """Also while new syncs come in between."""
    book = await with_history(live)
    path, seen, cursor = f"/api/plaid/integrations/{book.integration_id}/history", [], None
    while True:
        page = (await live.get(path, limit=2, cursor=cursor)).json()
        seen += [sync["added"] for sync in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await live.change(SYNC, id=book.integration_id, count=1)
    assert seen == [5, 4, 3, 2, 1]


async def test_nobody_sees_another_users_history(live: World) -> None:
    """A foreign, an unknown and an impossible id are 404; one's own list holds one's own syncs alone."""
    await with_history(live)
    theirs = await with_history(live, 2)
    for id_ in (theirs.integration_id, 99, "x"):
        assert (await live.get(f"/api/plaid/integrations/{id_}/history")).status_code == 404
    mine = await ledger(live)
    assert (await live.get(f"/api/plaid/integrations/{mine.integration_id}/history")).json()["items"] == []
    assert (await live.get(f"/api/plaid/integrations/{mine.integration_id}/history", cursor="x")).status_code == 400
