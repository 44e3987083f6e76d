"""Logins that break, end, are repaired, and what their users see of it."""

from datetime import UTC, datetime, timedelta

import pytest

from common.events import WebhookReceived
from common.tables.base import metadata
from tests.failures.scenes import Json, accounts, standing, when_due
from tests.sync_worker.world import World
from webhook_ingest.domain import webhook

REVOKED = b'{"webhook_type": "ITEM", "webhook_code": "USER_PERMISSION_REVOKED", "item_id": "%s"}'


async def test_a_repaired_login_does_not_leave_its_warning(world: World) -> None:
    """The user logged in again, data flows, and the page goes on asking to log in."""
    item = await world.synced()
    await world.bank.control(item.item_id, "break", error_code="ITEM_LOGIN_REQUIRED")
    await world.worker.hear(item.item_id, "ERROR", "ITEM")
    assert "login_required" in await standing(world, item)
    [new] = await world.bank.add(item.item_id, amount=4)
    await world.bank.control(item.item_id, "repair")
    await world.worker.hear(item.item_id, "LOGIN_REPAIRED", "ITEM")
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"], row["last_sync_error_at"]) == ("active", None, None)
    assert await standing(world, item) == ["history_complete", "repaired"]
    assert new in await world.transactions(item)


async def test_a_broken_login_is_told_and_told_once(world: World) -> None:
    """The connection breaks and nobody tells its user; or every sync that fails tells it once more."""
    item = await world.synced()
    await world.bank.break_login(item.access_token)
    for _ in range(3):
        await world.worker.hear(item.item_id)
        await world.worker.hear(item.item_id, "ERROR", "ITEM")
        await when_due(world, item)
    told = await world.rows("SELECT user_id FROM notifications WHERE kind = 'login_required'")
    assert [row["user_id"] for row in told] == [1]
    assert await standing(world, item) == ["history_complete", "login_required"]


@pytest.mark.parametrize(
    ("lever", "code"), [("disconnect_soon", "PENDING_DISCONNECT"), ("consent", "PENDING_EXPIRATION")]
)
async def test_an_announced_end_is_not_taken_for_the_end(world: World, lever: str, code: str) -> None:
    """A week before a login ends it is marked as broken, and that week's transactions are missing."""
    item = await world.synced()
    await world.bank.control(item.item_id, lever)
    ends = datetime.now(UTC) + timedelta(days=7)
    facts = {"disconnect_time": ends} if code == "PENDING_DISCONNECT" else {}
    await world.worker.hear(item.item_id, code, "ITEM", **facts)
    assert (await world.integration(item))["status"] == "active"
    assert await standing(world, item) == ["expiring", "history_complete"]
    [due] = await world.rows("SELECT due_at FROM notifications WHERE kind = 'expiring'")
    assert abs(due["due_at"] - ends) < timedelta(days=1)
    [new] = await world.bank.add(item.item_id, amount=4)
    await world.worker.hear(item.item_id)
    assert new in await world.transactions(item)
    await world.bank.repair_login(item.access_token)
    await world.worker.ring(item.id, "repaired")
    assert await standing(world, item) == ["history_complete"]


async def test_a_revocation_without_an_error_body_crashes_nothing(world: World) -> None:
    """The webhook of a revocation brings no error, the handler takes one out of it, and falls."""
    item = await world.synced()
    await world.bank.control(item.item_id, "revoke")
    said = webhook.read(REVOKED % item.item_id.encode(), "sandbox")
    assert said.doorbell is not None
    await world.worker.doorbells.on_webhook(
        WebhookReceived(
            item_id=said.doorbell.item_id,
            webhook_type=said.type,
            webhook_code=said.code,
            received_at=datetime.now(UTC),
        )
    )
    assert (await world.integration(item))["status"] == "revoked"
    assert "revoked" in await standing(world, item)
    assert len(await world.transactions(item)) > 5


async def test_new_accounts_are_not_kept_from_the_user(world: World) -> None:
    """The bank says that there are more accounts, and nobody hears of it; or the item is stopped for it."""
    item = await world.synced()
    await world.bank.control(item.item_id, "accounts/offer")
    for _ in range(2):
        await world.worker.hear(item.item_id, "NEW_ACCOUNTS_AVAILABLE", "ITEM")
    assert await standing(world, item) == ["history_complete", "new_accounts"]
    assert (await world.integration(item))["status"] == "active"
    await world.worker.ring(item.id, "repaired")
    assert await standing(world, item) == ["history_complete"]


async def test_a_product_that_is_not_ready_is_nobodys_error(world: World) -> None:
    """The first sync comes too early, fails, and the item is broken before it has begun."""
    item = await world.link()
    await world.bank.fail_next(path="/transactions/sync", error_code="PRODUCT_NOT_READY")
    await world.worker.ring(item.id, "linked")
    row = await world.integration(item)
    assert (row["status"], row["cursor"]) == ("active", None)
    assert row["due_in"].total_seconds() <= 10
    assert await standing(world, item) == []
    await when_due(world, item)
    assert await world.differences(item) == {}


async def test_balances_do_not_wait_for_the_history(slow_world: World) -> None:
    """While Plaid has no transactions yet, accounts and balances are not there either."""
    item = await slow_world.link()
    await slow_world.worker.ring(item.id, "linked")
    assert (await slow_world.integration(item))["transactions_update_status"] == "NOT_READY"
    assert await slow_world.transactions(item) == {}
    rows = (await accounts(slow_world, item)).values()
    assert len(rows) == 3
    assert all(row["current_balance"] is not None and row["balance_as_of"] for row in rows)


async def test_a_bank_without_any_transaction_is_done_at_last(world: World) -> None:
    """An empty first page is taken for one that is not ready, and the first import never ends."""
    item = await world.link()

    async def empty(name: str, answer: Json) -> Json:
        return answer | {"added": [], "has_more": False} if name == "transactions_sync" else answer

    world.worker.plaid.watch.after = empty
    await world.worker.ring(item.id, "linked")
    row = await world.integration(item)
    assert row["transactions_update_status"] == "HISTORICAL_UPDATE_COMPLETE"
    assert row["cursor"]
    assert row["due_in"] > timedelta(hours=5)
    assert "history_complete" in await standing(world, item)


async def test_no_token_is_left_in_the_clear(world: World) -> None:
    """Access tokens stand in a log of calls, in a message, in an error, or in their own column as they are."""
    item = await world.synced()
    await world.bank.fail_next(path="/transactions/sync", error_code="INTERNAL_SERVER_ERROR")
    await world.worker.hear(item.item_id)
    await world.worker.hear(item.item_id, "ERROR", "ITEM")
    for table in metadata.tables:
        found = await world.rows(f"SELECT t::text AS row FROM {table} t")
        assert not any(item.access_token in row["row"] for row in found), table
    assert world.worker.emitted
    assert not any(item.access_token.encode() in message.body for message in world.worker.emitted)
