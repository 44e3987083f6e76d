"""The login: asked of /item/get, whatever order webhooks come in."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.events import StatusChanged, SyncRequested
from sync_worker.domain.life import Happening
from sync_worker.login import read
from tests.sync_worker.faults import Gate
from tests.sync_worker.world import Linked, World

Json = dict[str, Any]


async def broken(world: World) -> Linked:
    """Link, sync, break the login at the bank, and let a sync find out."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    await world.bank.break_login(item.access_token)
    await world.worker.hear(item.item_id)
    assert (await world.integration(item))["status"] == "login_required"
    return item


async def test_a_repaired_login_syncs_at_once(world: World) -> None:
    """After update mode the item is active again, the error is gone, the gap is closed, the user is told."""
    item = await broken(world)
    await world.bank.repair_login(item.access_token)
    await world.bank.add(item.item_id, amount=5)
    await world.worker.ring(item.id, "repaired")
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"], row["last_sync_error_at"]) == ("active", None, None)
    assert await world.differences(item) == {}
    assert [event.status for event in world.worker.events(StatusChanged)] == ["login_required", "active"]


async def test_a_webhook_alone_repairs_nothing(world: World) -> None:
    """LOGIN_REPAIRED that came out of order, before the break, does not make a broken login active."""
    item = await broken(world)
    calls = world.worker.plaid.watch.calls["transactions_sync"]
    await world.worker.hear(item.item_id, "LOGIN_REPAIRED", "ITEM")
    assert (await world.integration(item))["status"] == "login_required"
    assert world.worker.plaid.watch.calls["transactions_sync"] == calls


async def test_an_item_webhook_finds_a_broken_login_without_a_sync(world: World) -> None:
    """ITEM/ERROR leads to /item/get, which says what is wrong; syncs stop there and then."""
    item = await world.link()
    await world.bank.break_login(item.access_token)
    await world.worker.hear(item.item_id, "ERROR", "ITEM")
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("login_required", "ITEM_LOGIN_REQUIRED")
    assert timedelta(hours=5) < row["due_in"] <= timedelta(hours=6)
    assert world.worker.plaid.watch.calls["transactions_sync"] == 0
    assert [event.status for event in world.worker.events(StatusChanged)] == ["login_required"]


async def test_the_clock_looks_for_a_forgotten_repair(world: World) -> None:
    """When every webhook and the page forgot to tell, the free look after six hours finds the login repaired."""
    item = await broken(world)
    await world.bank.repair_login(item.access_token)
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now()")
    assert await world.worker.sweep.once() == 1
    await world.worker.doorbells.on_sweep(world.worker.events(SyncRequested)[-1])
    assert (await world.integration(item))["status"] == "active"
    assert await world.differences(item) == {}


async def test_a_look_at_a_broken_login_is_free_and_rare(world: World) -> None:
    """While the user does nothing the clock looks every six hours, and never syncs."""
    item = await broken(world)
    calls = world.worker.plaid.watch.calls["transactions_sync"]
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now()")
    await world.worker.sweep.once()
    await world.worker.doorbells.on_sweep(world.worker.events(SyncRequested)[-1])
    row = await world.integration(item)
    assert timedelta(hours=5) < row["due_in"] <= timedelta(hours=6)
    assert world.worker.plaid.watch.calls["transactions_sync"] == calls
    assert world.worker.plaid.watch.calls["item_get"] == 1


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "INVALID_API_KEYS"])
async def test_when_plaid_cannot_say_all_stays(world: World, code: str) -> None:
    """A failed look changes no status and no error."""
    item = await broken(world)
    before = await world.integration(item)
    await world.bank.fail_next(path="/item/get", error_code=code)
    await world.worker.login.run(item.id)
    after = await world.integration(item)
    assert (after["status"], after["last_sync_error_at"]) == (before["status"], before["last_sync_error_at"])


async def test_a_gone_item_is_revoked(world: World) -> None:
    """An item that /item/get does not find any more is gone."""
    item = await world.link()
    await world.bank.fail_next(path="/item/get", error_code="ITEM_NOT_FOUND")
    await world.worker.hear(item.item_id, "USER_PERMISSION_REVOKED", "ITEM")
    assert (await world.integration(item))["status"] == "revoked"


async def test_the_end_of_consent_is_kept(world: World) -> None:
    """Until when the user consented is stored, and forgotten when it no longer ends."""
    item, ends = await world.link(), "2027-01-31T12:00:00Z"

    async def tell(name: str, answer: Json) -> Json:
        if name == "item_get":
            answer["item"]["consent_expiration_time"] = ends
        return answer

    world.worker.plaid.watch.after = tell
    await world.worker.login.run(item.id)
    assert (await world.integration(item))["consent_expires_at"] == datetime(2027, 1, 31, 12, tzinfo=UTC)
    world.worker.plaid.watch.after = None
    await world.worker.login.run(item.id)
    assert (await world.integration(item))["consent_expires_at"] is None


async def test_a_look_that_was_overtaken_looks_again_soon(world: World) -> None:
    """Somebody rang while the answer was under way: the login may be repaired by now, so it is asked again soon."""
    item = await world.link()
    await world.bank.break_login(item.access_token)

    async def repair_meanwhile(name: str, answer: Json) -> Json:
        if world.worker.plaid.watch.calls["item_get"] == 1:
            await world.bank.repair_login(item.access_token)
            await world.worker.ring(item.id, "repaired")
        return answer

    world.worker.plaid.watch.after = repair_meanwhile
    await world.worker.login.run(item.id)
    row = await world.integration(item)
    assert row["status"] == "login_required"
    assert row["due_in"].total_seconds() <= 30


@pytest.mark.parametrize("status", ["removing", "disconnected"])
async def test_a_disconnected_item_stays_disconnected(world: World, status: str) -> None:
    """No look at the login brings back what the user ended."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET status = :status", status=status)
    await world.worker.login.run(item.id)
    assert (await world.integration(item))["status"] == status
    assert world.worker.events(StatusChanged) == []


async def test_a_broken_login_ends_the_lease(world: World) -> None:
    """A sync that runs while the login breaks cannot commit any more."""
    item = await world.link()

    async def break_it(name: str, answer: Json) -> Json:
        if name == "transactions_sync":
            await world.bank.break_login(item.access_token)
            await world.worker.login.run(item.id)
        return answer

    world.worker.plaid.watch.after = break_it
    await world.worker.ring(item.id)
    assert (await world.transactions(item), (await world.integration(item))["status"]) == ({}, "login_required")


@pytest.mark.parametrize(
    ("said", "happening"),
    [
        (None, Happening.LOGIN_WORKS),
        ({"error_code": "ITEM_LOGIN_REQUIRED", "error_type": "ITEM_ERROR"}, Happening.LOGIN_BROKE),
        ({"error_code": "A_CODE_OF_TOMORROW"}, Happening.LOGIN_BROKE),
        ({"error_code": "USER_PERMISSION_REVOKED", "error_type": "ITEM_ERROR"}, Happening.GONE),
        ({"error_code": "ITEM_NOT_FOUND"}, Happening.GONE),
        ({"error_code": "INSTITUTION_DOWN", "error_type": "INSTITUTION_ERROR"}, Happening.LOGIN_WORKS),
    ],
    ids=str,
)
def test_an_items_error_says_who_must_act(said: Json | None, happening: Happening) -> None:
    """An item's error means that its user must log in again, or that it is gone; a bank's trouble is nobody's login."""
    stands = read({"error": said and said | {"error_message": "technical", "display_message": "for people"}})
    assert stands.happening == happening
    assert stands.error_message == (None if happening is Happening.LOGIN_WORKS else "for people")


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "INVALID_API_KEYS"])
async def test_a_look_that_fails_is_repeated_later_and_later(world: World, code: str) -> None:
    """While Plaid cannot say how a broken login stands, an item that waits for its user is asked about ever less."""
    item = await broken(world)
    pauses = []
    for _ in range(4):
        await world.bank.fail_next(error_code=code, path="/item/get")
        await world.worker.hear(item.item_id)
        row = await world.integration(item)
        pauses.append(row["due_in"].total_seconds())
    assert row["status"] == "login_required"
    assert row["login_checked_at"] is not None
    assert pauses[-1] > (5 * 3600 if code == "INVALID_API_KEYS" else 2 * pauses[0])


async def test_a_revocation_that_somebody_doubts_is_asked_about_again(world: World) -> None:
    """A bell that rang after Plaid said that the item is gone may know better: nothing would ever ask again."""
    item = await world.link()
    await world.bank.fail_next(error_code="USER_PERMISSION_REVOKED", path="/transactions/sync")
    world.worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(world.worker.ring(item.id))
    await gate.reached.wait()
    await world.rows("UPDATE plaid_integrations SET requested_seq = requested_seq + 1")
    gate.opened.set()
    await syncing
    row = await world.integration(item)
    assert (row["status"], row["next_sync_at"] is not None) == ("active", True)
    await world.worker.ring(item.id)
    assert await world.differences(item) == {}
