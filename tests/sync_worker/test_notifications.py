"""What users are told of an item: once each, for as long as it is so, and never by another item's news."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.events import RemovalRequested, UserNotified
from sync_worker.domain import notices
from sync_worker.handlers import interactive
from sync_worker.notify import notify
from tests.sync_worker.world import Linked, Worker, World

Json = dict[str, Any]
Cause = Callable[[Worker, Linked], Awaitable[None]]

STANDING = "SELECT kind FROM notifications WHERE integration_id = :id AND cleared_at IS NULL"
ALL = "SELECT * FROM notifications ORDER BY id"
OPEN = """
    INSERT INTO institution_health (institution_id, failures, items, error_code, failing_since, open_until)
    VALUES ('ins_109508', 1, '{7,8,9}', 'INSTITUTION_DOWN', now(), now() + interval '1 minute')
    ON CONFLICT (institution_id) DO UPDATE SET open_until = excluded.open_until
"""
SOON = timedelta(days=2)


@pytest.fixture
async def both(world: World) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers; in the end each row that they wrote was told when it began to stand, and when it ended."""
    workers = world.worker, await world.hire()
    yield workers
    events = [event for worker in workers for event in worker.events(UserNotified)]
    rows = await world.rows(ALL)
    assert Counter(
        (e.user_id, e.integration_id, e.kind, e.notification_id) for e in events if not e.cleared
    ) == Counter((row["user_id"], row["integration_id"], row["kind"], row["id"]) for row in rows)
    assert Counter(event.notification_id for event in events if event.cleared) == Counter(
        row["id"] for row in rows if row["cleared_at"]
    )


async def standing(world: World, item: Linked) -> set[str]:
    """Return what stands of an item, but for the history's being complete."""
    rows = [row["kind"] for row in await world.rows(STANDING, id=item.id)]
    assert len(rows) == len(set(rows))
    return set(rows) - {"history_complete"}


async def told(world: World, item: Linked, kind: str) -> int:
    """Return how often a kind was told of an item."""
    sql = "SELECT count(*) FROM notifications WHERE integration_id = :id AND kind = :kind"
    return int((await world.rows(sql, id=item.id, kind=kind))[0]["count"])


def webhook(code: str, **facts: Any) -> Cause:
    """Return the cause that Plaid sends a webhook about the item."""

    async def cause(worker: Worker, item: Linked) -> None:
        await worker.hear(item.item_id, code, "ITEM", **facts)

    return cause


async def ring(worker: Worker, item: Linked) -> None:
    """Somebody asks for a sync."""
    await worker.ring(item.id)


async def nothing(_: World, __: Linked) -> None:
    """Let the bank be as it is."""


async def broken(world: World, item: Linked) -> None:
    """Let the item need its user."""
    await world.bank.break_login(item.access_token)


async def revoked(world: World, item: Linked) -> None:
    """Let the user take all permission back."""
    await world.bank.control(item.item_id, "revoke")


async def ending(world: World, item: Linked) -> None:
    """Let the consent end soon."""
    await world.bank.control(item.item_id, "consent", expires_in_days=2)


async def known_to_end(world: World, item: Linked) -> None:
    """Let the consent end soon, and us know."""
    await ending(world, item)
    await world.worker.login.run(item.id)


async def down(world: World, _: Linked) -> None:
    """Let the item's institution be left alone."""
    await world.rows(OPEN)


CAUSES = [
    ("login_required", broken, webhook("ERROR")),
    ("login_required", broken, ring),
    ("revoked", revoked, webhook("USER_PERMISSION_REVOKED")),
    ("revoked", revoked, ring),
    ("expiring", ending, webhook("PENDING_EXPIRATION")),
    ("expiring", nothing, webhook("PENDING_DISCONNECT", disconnect_time=datetime.now(UTC) + SOON)),
    ("expiring", nothing, webhook("PENDING_DISCONNECT")),
    ("expiring", known_to_end, webhook("PENDING_DISCONNECT", disconnect_time=datetime.now(UTC) + timedelta(days=5))),
    ("new_accounts", nothing, webhook("NEW_ACCOUNTS_AVAILABLE")),
    ("institution_down", down, ring),
]


@pytest.mark.parametrize(("kind", "before", "cause"), CAUSES, ids=[f"{n} {one[0]}" for n, one in enumerate(CAUSES)])
async def test_what_happens_ten_times_is_told_once(
    world: World,
    both: tuple[Worker, Worker],
    kind: str,
    before: Callable[[World, Linked], Awaitable[None]],
    cause: Cause,
) -> None:
    """However often and wherever the cause comes, also to two workers at once; and no other item's user hears of it."""
    item = await world.synced()
    other = await world.synced(user_id=2, institution_id="ins_109509")
    await before(world, item)
    for _ in range(3):
        await cause(world.worker, item)
    await asyncio.gather(*(cause(worker, item) for worker in both * 4))
    assert await standing(world, item) == {kind}
    assert await told(world, item, kind) == 1
    await ring(world.worker, other)
    assert await standing(world, other) == set()


async def test_an_accounts_loss_is_told_once_for_each(world: World, both: tuple[Worker, Worker]) -> None:
    """Two accounts are two notices, however often their revocation comes; a repair ends both."""
    item = await world.synced()
    rows = await world.rows("SELECT id, account_id FROM plaid_accounts ORDER BY account_id LIMIT 2")
    causes = [webhook("USER_ACCOUNT_REVOKED", account_id=row["account_id"]) for row in rows]
    await asyncio.gather(*(cause(worker, item) for cause in causes for worker in both * 3))
    stand = await world.rows("SELECT account_id FROM notifications WHERE kind = 'account_revoked' ORDER BY account_id")
    assert [row["account_id"] for row in stand] == sorted(row["id"] for row in rows)
    await world.worker.ring(item.id, "repaired")
    assert await standing(world, item) == set()


async def test_each_stage_is_told_once_in_an_items_life(slow_world: World) -> None:
    """The first month, then all history: never again, whatever is read again later."""
    world = slow_world
    item = await world.link()
    seen = []
    for seconds in (0, 10, 0, 10, 0):
        await world.bank.advance(seconds)
        await world.bank.mutate_between_pages(item.item_id, times=1)
        await world.worker.hear(item.item_id)
        seen.append({row["kind"] for row in await world.rows(STANDING, id=item.id)})
    assert seen == [set(), {"initial_complete"}, {"initial_complete"}, {"history_complete"}, {"history_complete"}]
    await world.bank.refuse_cursors(item.item_id)
    await world.worker.hear(item.item_id)
    for stage in ("NOT_READY", "INITIAL_UPDATE_COMPLETE"):
        sql = "UPDATE plaid_integrations SET cursor = NULL, transactions_update_status = :stage"
        await world.rows(sql, stage=stage)
        await world.worker.hear(item.item_id)
    assert [await told(world, item, kind) for kind in ("initial_complete", "history_complete")] == [1, 1]
    assert await standing(world, item) == set()


async def test_a_repair_in_update_mode_ends_the_call_for_it(world: World, both: tuple[Worker, Worker]) -> None:
    """Whose login broke is called once, told when it works, and called anew the next time."""
    item = await world.synced()
    for times in (1, 2):
        await world.bank.break_login(item.access_token)
        await both[0].hear(item.item_id)
        assert await standing(world, item) == {"login_required"}
        await world.bank.repair_login(item.access_token)
        for worker in both:
            await worker.ring(item.id, "repaired")
        assert await standing(world, item) == {"repaired"}
        assert [await told(world, item, kind) for kind in ("login_required", "repaired")] == [times, times]


async def test_a_repair_elsewhere_ends_it_too(world: World, both: tuple[Worker, Worker]) -> None:
    """LOGIN_REPAIRED tells that the login works again, once Plaid says so; out of order it ends nothing."""
    item = await world.synced()
    await world.bank.break_login(item.access_token)
    await both[0].hear(item.item_id)
    await webhook("LOGIN_REPAIRED")(both[1], item)
    assert await standing(world, item) == {"login_required"}
    await world.bank.control(item.item_id, "repair")
    for worker in both:
        await webhook("LOGIN_REPAIRED")(worker, item)
    assert await standing(world, item) == {"repaired"}


async def test_what_was_revoked_may_come_back(world: World, both: tuple[Worker, Worker]) -> None:
    """A revocation ends every other call on the user; permission given anew ends the revocation."""
    item = await world.synced()
    await world.bank.break_login(item.access_token)
    await both[0].hear(item.item_id)
    await webhook("NEW_ACCOUNTS_AVAILABLE")(both[0], item)
    await world.bank.control(item.item_id, "revoke")
    await webhook("USER_PERMISSION_REVOKED")(both[0], item)
    assert await standing(world, item) == {"revoked"}
    await world.bank.control(item.item_id, "repair")
    await both[1].ring(item.id, "repaired")
    assert await standing(world, item) == {"repaired"}


@pytest.mark.parametrize("how", ["consent", "disconnect", "disconnect, nobody knows when"])
async def test_an_end_that_is_announced_is_over_after_a_repair(
    world: World, both: tuple[Worker, Worker], how: str
) -> None:
    """Consent that ends, a bank that will disconnect: told with the moment, until update mode ended well."""
    item = await world.synced()
    now = datetime.now(UTC)
    if how == "consent":
        await ending(world, item)
        await webhook("PENDING_EXPIRATION")(both[0], item)
    else:
        known = {"disconnect_time": now + SOON} if how == "disconnect" else {}
        await webhook("PENDING_DISCONNECT", **known)(both[0], item)
    [row] = await world.rows("SELECT due_at FROM notifications WHERE kind = 'expiring' AND cleared_at IS NULL")
    days = 7 if how.endswith("when") else 2
    assert abs(row["due_at"] - now - timedelta(days=days)) < timedelta(minutes=1)
    await world.bank.repair_login(item.access_token)
    await both[1].ring(item.id, "repaired")
    assert await standing(world, item) == set()
    assert (await world.integration(item))["disconnects_at"] is None


@pytest.mark.parametrize("works", [True, False])
async def test_an_announced_moment_passes(world: World, both: tuple[Worker, Worker], works: bool) -> None:
    """When it passed and the login works, nothing was meant; when it does not, the user is called to repair it."""
    item = await world.synced()
    cause = webhook("PENDING_DISCONNECT", disconnect_time=datetime.now(UTC) + SOON)
    await cause(both[0], item)
    await world.rows("UPDATE plaid_integrations SET disconnects_at = now() - interval '1 s'")
    if not works:
        await world.bank.break_login(item.access_token)
    await both[1].login.run(item.id)
    assert await standing(world, item) == (set() if works else {"expiring", "login_required"})


async def test_a_later_date_is_told_anew(world: World) -> None:
    """The same notice with the new date, however far off; whoever shows it hears that it changed, and when it did."""
    item = await world.synced()
    for days in (3, 3, 5):
        await webhook("PENDING_DISCONNECT", disconnect_time=datetime(2036, 1, days, tzinfo=UTC))(world.worker, item)
    rows = await world.rows("SELECT due_at FROM notifications WHERE kind = 'expiring'")
    assert [row["due_at"] for row in rows] == [datetime(2036, 1, 5, tzinfo=UTC)]
    assert [event.kind for event in world.worker.events(UserNotified)].count("expiring") == 2


async def test_new_accounts_are_an_offer_until_a_repair(world: World, both: tuple[Worker, Worker]) -> None:
    """Who went through update mode has seen the accounts that were not shared."""
    item = await world.synced()
    await world.bank.control(item.item_id, "accounts/offer", name="Third")
    await webhook("NEW_ACCOUNTS_AVAILABLE")(both[0], item)
    await ring(both[0], item)
    assert await standing(world, item) == {"new_accounts"}
    await both[1].ring(item.id, "repaired")
    assert await standing(world, item) == set()


async def test_a_sick_institution_is_told_until_a_sync_succeeds(world: World, both: tuple[Worker, Worker]) -> None:
    """Each item's user is told when the item has to wait; each item's own success ends it."""
    items = [await world.synced(), await world.synced(user_id=2)]
    await down(world, items[0])
    for item in items:
        await ring(both[0], item)
        assert await standing(world, item) == {"institution_down"}
    await world.rows("DELETE FROM institution_health")
    await ring(both[1], items[0])
    assert [await standing(world, item) for item in items] == [set(), {"institution_down"}]


async def test_a_disconnected_item_leaves_nothing(world: World, both: tuple[Worker, Worker]) -> None:
    """Whoever disconnected a bank is called to nothing there; what comes late is of no consequence."""
    item, other = await world.synced(), await world.synced()
    for one in (item, other):
        await webhook("NEW_ACCOUNTS_AVAILABLE")(both[0], one)
    await world.bank.break_login(item.access_token)
    await both[0].hear(item.item_id)
    sql = "UPDATE plaid_integrations SET status = 'removing', is_active = false WHERE id = :id"
    await world.rows(sql, id=item.id)
    await interactive(both[0].doorbells, both[0].removal)[RemovalRequested](RemovalRequested(integration_id=item.id))
    for code in ("NEW_ACCOUNTS_AVAILABLE", "ERROR", "PENDING_DISCONNECT"):
        await webhook(code)(both[1], item)
    async with both[1].database.transaction() as session:
        await notify(session, item.id, notices.TROUBLE)
    assert await world.rows(STANDING, id=item.id) == []
    assert await standing(world, other) == {"new_accounts"}
