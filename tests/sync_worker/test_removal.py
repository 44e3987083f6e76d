"""Removal: asked of Plaid until it confirms, then the token is erased."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from common.events import RemovalRequested, StatusChanged
from common.plaid import ItemGone
from common.sealing import Vault
from tests.sync_worker.world import Linked, World

DISCONNECT = "UPDATE plaid_integrations SET status = 'removing', is_active = false, next_sync_at = now() WHERE id = :id"


async def disconnected(world: World) -> Linked:
    """Link, sync, and disconnect as link_api does."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    await world.rows(DISCONNECT, id=item.id)
    world.worker.emitted.clear()
    return item


async def assert_over(world: World, item: Linked) -> None:
    """The item is gone at Plaid, the token is erased, nothing is due, the history stays, the user is told once."""
    row = await world.integration(item)
    assert (row["status"], row["access_token"], row["next_sync_at"]) == ("disconnected", None, None)
    assert row["last_sync_error"] is None
    assert len(await world.transactions(item)) > 0
    assert [event.status for event in world.worker.events(StatusChanged)] == ["disconnected"]
    with pytest.raises(ItemGone):
        await world.worker.plaid.get_item(SecretStr(item.access_token))


async def test_a_confirmed_removal_erases_the_token(world: World) -> None:
    """Plaid confirms: done."""
    item = await disconnected(world)
    await world.worker.removal.run(item.id)
    await assert_over(world, item)


async def test_an_item_that_is_gone_already_is_removed(world: World) -> None:
    """Not found means done, also when two messages ask for it."""
    item = await disconnected(world)
    await world.worker.plaid.remove_item(SecretStr(item.access_token))
    await world.worker.removal.run(item.id)
    await world.worker.removal.run(item.id)
    await assert_over(world, item)


async def test_a_failed_removal_is_asked_for_again_until_confirmed(world: World) -> None:
    """A failure is on record, the token is kept, and the sweep asks again when it is due."""
    item = await disconnected(world)
    for times in (1, 2):
        await world.bank.fail_next(path="/item/remove", error_code="INTERNAL_SERVER_ERROR")
        await world.worker.removal.run(item.id)
        row = await world.integration(item)
        assert (row["status"], row["last_sync_error"], row["failure_count"]) == (
            "removing",
            "INTERNAL_SERVER_ERROR",
            times,
        )
        assert row["access_token"]
        assert 4 * times < row["due_in"].total_seconds() <= 10 * times
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now()")
    assert await world.worker.sweep.once() == 1
    [asked] = world.worker.events(RemovalRequested)
    await world.worker.removal.run(asked.integration_id)
    await assert_over(world, item)


async def test_a_token_that_no_key_opens_waits_for_the_operator(world: World) -> None:
    """Without its key the item cannot be removed: on record, a long pause, no crash."""
    item = await disconnected(world)
    foreign = Vault([SecretStr(Fernet.generate_key().decode())]).seal(SecretStr(item.access_token)).ciphertext
    await world.rows("UPDATE plaid_integrations SET access_token = :token", token=foreign)
    await world.worker.removal.run(item.id)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("removing", "TOKEN_UNSEALABLE")
    assert 5 * 3600 < row["due_in"].total_seconds() <= 6 * 3600


@pytest.mark.parametrize("unwanted", ["active", "disconnected"])
async def test_only_what_the_user_ended_is_removed(world: World, unwanted: str) -> None:
    """A message for an item that is in use, or gone already, removes nothing."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET status = :status", status=unwanted)
    await world.worker.removal.run(item.id)
    await world.worker.removal.run(item.id + 1)
    assert world.worker.plaid.watch.calls["item_remove"] == 0


async def test_a_disconnect_during_a_sync_wins(world: World) -> None:
    """The user disconnects while pages come: nothing of them is written, and the removal goes ahead."""
    item = await disconnected(world)
    await world.rows("UPDATE plaid_integrations SET status = 'active', is_active = true")
    before = await world.transactions(item)
    await world.bank.add(item.item_id, amount=3)

    async def disconnect(name: str, answer: Any) -> Any:
        if name == "transactions_sync":
            await world.rows(DISCONNECT, id=item.id)
        return answer

    world.worker.plaid.watch.after = disconnect
    await world.worker.ring(item.id)
    assert await world.transactions(item) == before
    await world.worker.removal.run(item.id)
    await assert_over(world, item)
