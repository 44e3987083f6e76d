import json
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.link_api.world import World, bearer

EVENTS = "/api/plaid/link_events"
Json = dict[str, Any]
EXIT: Json = {
    "callback": "onExit",
    "error": {
        "error_type": "ITEM_ERROR",
        "error_code": "A_CODE_OF_TOMORROW",
        "error_message": "no",
        "display_message": "The bank said no.",
    },
    "metadata": {
        "institution": {"institution_id": "ins_1", "name": "A Bank"},
        "status": "requires_something_new",
        "link_session_id": "session-1",
        "request_id": "request-1",
    },
}
EVENT: Json = {
    "callback": "onEvent",
    "event_name": "A_NAME_OF_TOMORROW",
    "metadata": {
        "institution_id": "ins_1",
        "institution_name": "A Bank",
        "link_session_id": "session-1",
        "view_name": "CREDENTIAL",
        "timestamp": "2026-11-22T09:00:00.123Z",
    },
}


async def begin(live: World, user_id: int = 1, **body: object) -> str:
    return str((await live.post("/api/plaid/create_link_token", body, user_id)).json()["state"])


async def tell(live: World, state: str, body: Json, user_id: int = 1) -> int:
    content = json.dumps({"state": state} | body)  # as browsers do: half a surrogate pair goes through
    headers = bearer(user_id) | {"Content-Type": "application/json"}
    return (await live.api.post(EVENTS, content=content, headers=headers)).status_code


async def kept(live: World) -> list[Json]:
    return [dict(row) for row in await live.rows("SELECT * FROM link_events ORDER BY id")]


async def outcome(live: World) -> str | None:
    [row] = await live.rows("SELECT outcome, ended_at FROM link_sessions ORDER BY id DESC LIMIT 1")
    assert (row["outcome"] is None) == (row["ended_at"] is None)
    return None if row["outcome"] is None else str(row["outcome"])


def ends(how: str) -> float:
    return REGISTRY.get_sample_value("link_sessions_ended_total", {"outcome": how}) or 0.0


async def test_what_link_told_is_kept_for_support(live: World) -> None:
    """Session, request, bank, status, error and time, whatever words Plaid may use tomorrow."""
    state = await begin(live)
    assert await tell(live, state, EVENT) == await tell(live, state, EXIT) == 204
    event, left = await kept(live)
    assert (event["event_name"], event["view_name"]) == ("A_NAME_OF_TOMORROW", "CREDENTIAL")
    assert event["occurred_at"].isoformat() == "2026-11-22T09:00:00.123000+00:00"
    assert (left["error_code"], left["display_message"]) == ("A_CODE_OF_TOMORROW", "The bank said no.")
    assert (left["status"], left["request_id"], left["event_name"]) == ("requires_something_new", "request-1", None)
    for row in (event, left):
        assert (row["user_id"], row["institution_id"], row["institution_name"]) == (1, "ins_1", "A Bank")
        assert (row["link_session_id"], row["integration_id"]) == ("session-1", None)


async def test_an_event_of_update_mode_names_its_integration(live: World) -> None:
    """Support sees which bank was being repaired."""
    integration = await live.linked()
    await tell(live, await begin(live, integration_id=integration["id"]), EXIT)
    assert [row["integration_id"] for row in await kept(live)] == [integration["id"]]


async def test_nobody_tells_of_another_users_session(live: World) -> None:
    """A foreign state and an unknown one are 404, and nothing is kept or ended."""
    state = await begin(live)
    assert await tell(live, state, EXIT, user_id=2) == await tell(live, "unknown", EXIT) == 404
    assert (await kept(live), await outcome(live)) == ([], None)


async def test_no_token_is_kept(live: World) -> None:
    """Wherever somebody puts a token that we did not ask for, it is not stored; neither is the state."""
    state = await begin(live)
    token = "public-sandbox-secret"
    body = EVENT | {"public_token": token, "metadata": EVENT["metadata"] | {"public_token": token, "x": {"y": token}}}
    assert await tell(live, state, body) == 204
    [row] = await live.rows("SELECT link_events::text AS all FROM link_events")
    assert token not in row["all"]
    assert state not in row["all"]


@pytest.mark.parametrize(
    "odd",
    [
        {"metadata": None, "error": []},
        {"metadata": {"institution": "a bank", "timestamp": "yesterday", "request_id": 5, "status": None}},
        {"event_name": "\x00\ud800" + "x" * 5000, "metadata": {"error_message": "y" * 5000}},
    ],
    ids=["no objects", "other types", "too long and not storable"],
)
async def test_odd_events_are_kept_as_far_as_they_can_be_read(live: World, odd: Json) -> None:
    """An event is never refused for what Plaid put in it, and never longer than its bound."""
    assert await tell(live, await begin(live), {"callback": "onEvent"} | odd) == 204
    [row] = await kept(live)
    assert max(len(value) for value in row.values() if isinstance(value, str)) <= 500


async def test_a_user_cannot_fill_the_table(live: World) -> None:
    """After 2,000 events in a day a user's further ones are dropped; another user's are kept."""
    state = await begin(live)
    await tell(live, state, EVENT)
    await live.change(
        """INSERT INTO link_events (user_id, callback) SELECT 1, 'onEvent' FROM generate_series(1, 1999)"""
    )
    assert await tell(live, state, EVENT) == 204
    assert await tell(live, await begin(live, 2), EVENT, user_id=2) == 204
    counts = await live.rows("SELECT user_id, count(*) AS n FROM link_events GROUP BY user_id ORDER BY user_id")
    assert [(row["user_id"], row["n"]) for row in counts] == [(1, 2000), (2, 1)]


async def test_a_session_ends_as_link_and_we_say(live: World) -> None:
    """Left, failed, linked: each end is counted, a better one replaces a worse, and none takes back a good one."""
    before = {how: ends(how) for how in ("left", "failed", "linked", "repaired")}
    answer = (await live.post("/api/plaid/create_link_token")).json()
    assert await tell(live, answer["state"], EVENT) == 204
    assert await outcome(live) is None
    await tell(live, answer["state"], EXIT | {"error": None})
    assert await outcome(live) == "left"
    await tell(live, answer["state"], EXIT)
    assert await outcome(live) == "failed"
    public_token = await live.link.succeed(answer["link_token"])
    linked = (await live.post("/api/plaid/exchange_public_token", {"public_token": public_token})).json()
    await tell(live, answer["state"], EXIT)
    assert await outcome(live) == "linked"
    await begin(live, integration_id=linked["id"])
    await live.post(f"/api/plaid/integrations/{linked['id']}/repaired")
    assert await outcome(live) == "repaired"
    assert {how: ends(how) - count for how, count in before.items()} == dict.fromkeys(before, 1.0)
