from datetime import datetime

import pytest

from common.events import UserNotified
from common.tables.sync_worker import KINDS
from tests.link_api.ledger import Ledger, ledger
from tests.link_api.listener import listening
from tests.link_api.world import Json, World

NOTIFICATIONS = "/api/notifications"
CLEAR = "UPDATE notifications SET cleared_at = now() WHERE id = :id"


async def listed(live: World, user_id: int = 1, **query: str | int | None) -> list[Json]:
    answer = await live.get(NOTIFICATIONS, user_id, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def standing(book: Ledger, count: int) -> list[int]:
    """Let so many notifications stand; return their ids, oldest first."""
    kinds = [(kind, account) for account in (None, book.account_id) for kind in KINDS]
    return [await book.notification(kind, account_id=account) for kind, account in kinds[:count]]


async def walk(live: World, limit: int) -> list[int]:
    """Return the ids of all notifications, page by page."""
    ids: list[int] = []
    cursor = None
    for _ in range(30):
        page = (await live.get(NOTIFICATIONS, limit=limit, cursor=cursor)).json()
        assert len(page["items"]) <= limit
        ids += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return ids
    raise AssertionError("the pages do not end")


async def test_a_notification_says_what_is_and_what_to_do(live: World) -> None:
    """Words that name the bank, the action, the account it is about, and all its times."""
    book = await ledger(live)
    id_ = await book.notification("account_revoked", account_id=book.account_id)
    await live.change("UPDATE notifications SET due_at = '2026-11-29T09:00:00Z'")
    [shown] = await listed(live)
    assert datetime.fromisoformat(shown.pop("created_at"))
    assert shown == {
        "id": id_,
        "kind": "account_revoked",
        "integration_id": book.integration_id,
        "institution_name": "A Bank",
        "account": {"id": book.account_id, "name": "Checking", "mask": "0000"},
        "title": "A Bank no longer shares Checking ••••0000",
        "message": "No new transactions of this account arrive; its expenses stay, and your other accounts go on as "
        "before.",
        "action": "add_accounts",
        "due_at": "2026-11-29T09:00:00Z",
        "read_at": None,
        "cleared_at": None,
    }


async def test_only_what_stands_is_listed_unless_asked_for(live: World) -> None:
    """What was cleared leaves the list; `include=cleared` shows it, and it asks for nothing any more."""
    book = await ledger(live)
    over, stands = await book.notification("login_required"), await book.notification("repaired")
    await live.change(CLEAR, id=over)
    assert [item["id"] for item in await listed(live)] == [stands]
    everything = await listed(live, include="cleared")
    assert [item["id"] for item in everything] == [stands, over]
    assert (everything[1]["action"], everything[1]["cleared_at"] is None) == ("none", False)
    assert (await live.get(NOTIFICATIONS, include="everything")).status_code == 422


async def test_nothing_stands_about_a_bank_that_is_disconnected(live: World) -> None:
    """With the disconnect its notifications leave the list at once, whatever sync_worker has still to do."""
    book = await ledger(live)
    await book.notification("login_required")
    await live.delete(f"/api/plaid/integrations/{book.integration_id}")
    assert await listed(live) == []
    assert [item["action"] for item in await listed(live, include="cleared")] == ["none"]


@pytest.mark.parametrize("limit", [1, 4, 200])
async def test_pages_show_each_notification_once_newest_first(live: World, limit: int) -> None:
    """Whatever the size of a page, all pages together are all that stands, in order, none twice."""
    ids = await standing(await ledger(live), 9)
    assert await walk(live, limit) == ids[::-1]


async def test_pages_hold_still_while_notifications_come_and_go(live: World) -> None:
    """What comes or is cleared meanwhile neither repeats nor hides any other."""
    book = await ledger(live)
    ids = await standing(book, 6)
    first = (await live.get(NOTIFICATIONS, limit=2)).json()
    await book.notification("expiring", account_id=book.account_id)
    await live.change(CLEAR, id=ids[4])
    rest = (await live.get(NOTIFICATIONS, limit=200, cursor=first["next_cursor"])).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["", "x", "ä", "MjAyNi0xMS0yMDox", "OTIyMzM3MjAzNjg1NDc3NTgwOA"])
async def test_a_cursor_that_is_none_is_refused(shared: World, cursor: str) -> None:
    """Whatever is sent as a cursor, another list's too: a page or a 400, never a crash."""
    answer = await shared.get(NOTIFICATIONS, cursor=cursor)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


async def test_a_notification_is_read_once_and_goes_on_standing(live: World) -> None:
    """The first reading counts, another changes nothing, and only a clearing ends it."""
    id_ = await (await ledger(live)).notification()
    answers = [await live.post(f"{NOTIFICATIONS}/{id_}/read") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    [shown] = await listed(live)
    assert shown["read_at"] is not None
    assert [answer.json() for answer in answers] == [shown, shown]


async def test_reading_up_to_an_id_leaves_what_came_since(live: World) -> None:
    """All up to the id are read, what was read before keeps its time, later ones stay unread."""
    ids = await standing(await ledger(live), 4)
    first = (await live.post(f"{NOTIFICATIONS}/{ids[0]}/read")).json()["read_at"]
    answer = await live.post(f"{NOTIFICATIONS}/read", {"up_to": ids[2]})
    assert (answer.status_code, answer.content) == (204, b"")
    read = [item["read_at"] for item in reversed(await listed(live))]
    assert read[0] == first
    assert [at is not None for at in read] == [True, True, True, False]


@pytest.mark.parametrize("body", [{}, {"up_to": 0}, {"up_to": 2**63}, {"up_to": "all"}, {"up_to": 1, "all": True}])
async def test_how_far_was_read_must_be_an_id(shared: World, body: Json) -> None:
    """Anything else is named, and nothing is read."""
    answer = await shared.post(f"{NOTIFICATIONS}/read", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_nobody_sees_or_reads_anothers_notifications(live: World) -> None:
    """Another user's notification and nonsense look the same: 404; and reading all is reading one's own."""
    id_ = await (await ledger(live, user_id=2)).notification()
    assert await listed(live, 1, include="cleared") == []
    for path in (id_, 0, -1, id_ + 1, "abc", 2**63, "9" * 60, "%C2%B2"):
        answer = await live.post(f"{NOTIFICATIONS}/{path}/read")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await live.post(f"{NOTIFICATIONS}/read", {"up_to": 2**63 - 1})).status_code == 204
    [shown] = await listed(live, 2)
    assert shown["read_at"] is None


async def test_a_notification_is_heard_at_once(live: World) -> None:
    """`user.notified` reaches its user's browser by the hint, long before the stream looks by itself; no other's."""
    book = await ledger(live)
    id_ = await book.notification()
    event = UserNotified(
        user_id=1, notification_id=id_, integration_id=book.integration_id, kind="login_required", cleared=True
    )
    async with listening(live, 1) as one, listening(live, 2) as two:
        await live.emit(event)
        heard = await one.next()
        await live.emit(event.model_copy(update={"user_id": 2, "notification_id": 99}))
        assert (await two.next()).data["notification_id"] == 99
    assert heard.type == "user.notified"
    assert heard.data == {
        "version": 1,
        "user_id": 1,
        "notification_id": id_,
        "integration_id": book.integration_id,
        "kind": "login_required",
        "cleared": True,
    }
