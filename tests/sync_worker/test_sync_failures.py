"""Failures: what each kind of Plaid's errors means for the item, on record, and when it is tried again."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from common.events import StatusChanged, TransactionsChanged
from common.plaid.errors import unreachable
from common.sealing import Vault
from tests.sync_worker.faults import Crash
from tests.sync_worker.world import Linked, World

Json = dict[str, Any]
RETRIED = [
    {"error_code": "INSTITUTION_DOWN"},
    {"error_code": "INSTITUTION_NOT_RESPONDING"},
    {"error_code": "INTERNAL_SERVER_ERROR"},
    {"error_code": "PLANNED_MAINTENANCE"},
    {"error_code": "TRANSACTIONS_SYNC_LIMIT"},
    {"gateway_error": True},
]
OPERATORS = ["INVALID_API_KEYS", "PRODUCTS_NOT_SUPPORTED", "CREDITS_EXHAUSTED", "INVALID_ACCESS_TOKEN"]
USERS = ["ITEM_LOGIN_REQUIRED", "ITEM_LOCKED", "NO_ACCOUNTS", "ADDITIONAL_CONSENT_REQUIRED"]
GONE = ["USER_PERMISSION_REVOKED", "ITEM_NOT_FOUND", "INSTITUTION_NO_LONGER_SUPPORTED"]


async def fails(world: World, item: Linked, path: str = "/transactions/sync", **outage: Any) -> Any:
    """Sync once while Plaid answers so; return the integration's row."""
    await world.bank.fail_next(path=path, item_id=item.item_id, **outage)
    await world.worker.ring(item.id)
    return await world.integration(item)


async def assert_recovers(world: World, item: Linked) -> None:
    """The next sync completes and leaves no error."""
    await world.worker.ring(item.id)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"], row["failure_count"]) == ("active", None, 0)
    assert await world.differences(item) == {}


@pytest.mark.parametrize("outage", RETRIED, ids=str)
async def test_what_passes_is_tried_again_with_back_off(world: World, outage: Json) -> None:
    """The item stays active, due in 5 to 10 s, then 10 to 20 s; nothing of the failed sync is there."""
    item = await world.link()
    for times in (1, 2):
        row = await fails(world, item, **outage)
        assert (row["status"], row["failure_count"], row["lease_token"]) == ("active", times, None)
        assert 4 * times < row["due_in"].total_seconds() <= 10 * times
        assert row["last_sync_error"] == outage.get("error_code", "HTTP_502")
    assert [one["success"] for one in await world.history(item)] == [False, False]
    assert world.worker.events(TransactionsChanged) == []
    await assert_recovers(world, item)


async def test_an_unreachable_plaid_is_tried_again(world: World) -> None:
    """A time-out or a refused connection is like any fault that passes."""
    item = await world.link()

    async def time_out(name: str, _request: Json) -> None:
        raise unreachable("ReadTimeoutError")

    world.worker.plaid.watch.before = time_out
    await world.worker.ring(item.id)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("active", "PLAID_UNREACHABLE")
    assert row["due_in"].total_seconds() <= 10
    world.worker.plaid.watch.before = None
    await assert_recovers(world, item)


async def test_transactions_do_not_wait_for_balances(world: World) -> None:
    """When Plaid cannot list the accounts, the transactions stand all the same; the balances are asked for soon."""
    item = await world.link()
    await world.bank.fail_next(error_code="INSTITUTION_DOWN", path="/accounts/get")
    await world.worker.ring(item.id, "linked")
    assert await world.differences(item) == {}
    row = await world.integration(item)
    assert row["last_sync_error"] is None
    assert row["due_in"] <= timedelta(minutes=10)


async def test_accounts_that_only_the_user_can_bring_back_fail_the_sync(world: World) -> None:
    """NO_ACCOUNTS beside the pages is no success: nothing is kept, and the user is asked."""
    item = await world.link()
    row = await fails(world, item, "/accounts/get", error_code="NO_ACCOUNTS")
    assert (row["status"], row["cursor"], await world.transactions(item)) == ("login_required", None, {})


@pytest.mark.parametrize("code", USERS)
async def test_what_the_user_must_mend_stops_the_syncs(world: World, code: str) -> None:
    """The item waits for its user, who is told; it is on record with Plaid's request_id; no bell syncs it."""
    item = await world.link()
    row = await fails(world, item, error_code=code)
    assert (row["status"], row["last_sync_error"]) == ("login_required", code)
    assert timedelta(hours=5) < row["due_in"] <= timedelta(hours=6)
    [past] = await world.history(item)
    assert (past["success"], past["error_code"]) == (False, code)
    assert past["error_request_id"] == row["last_sync_error_request_id"] is not None
    assert [event.status for event in world.worker.events(StatusChanged)] == ["login_required"]

    await world.bank.fail_next(path="/item/get", item_id=item.item_id, error_code=code)
    calls = world.worker.plaid.watch.calls["transactions_sync"]
    await world.worker.hear(item.item_id)
    assert world.worker.plaid.watch.calls["transactions_sync"] == calls
    assert (await world.integration(item))["last_sync_error_request_id"] == past["error_request_id"]


@pytest.mark.parametrize("code", GONE)
async def test_what_is_gone_is_revoked(world: World, code: str) -> None:
    """An item that Plaid knows no more is not asked for again, and never due."""
    item = await world.link()
    row = await fails(world, item, error_code=code)
    assert (row["status"], row["last_sync_error"]) == ("revoked", code)
    assert [event.status for event in world.worker.events(StatusChanged)] == ["revoked"]
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now()")
    assert await world.worker.sweep.once() == 0
    await world.worker.hear(item.item_id)
    assert world.worker.plaid.watch.calls["transactions_sync"] == 1


@pytest.mark.parametrize("code", OPERATORS)
async def test_what_the_operator_must_mend_is_not_retried(world: World, code: str) -> None:
    """Trying again cannot help: only the long silence ends it, or a bell; the user need do nothing."""
    item = await world.link()
    row = await fails(world, item, error_code=code)
    assert (row["status"], row["last_sync_error"]) == ("active", code)
    assert timedelta(hours=5, minutes=59) < row["due_in"] <= timedelta(hours=6)
    await assert_recovers(world, item)


async def test_a_token_that_no_key_opens_is_the_operators(world: World) -> None:
    """Without its key a token asks nothing of Plaid; the error names the remedy and never the token."""
    item = await world.link()
    foreign = Vault([SecretStr(Fernet.generate_key().decode())]).seal(SecretStr(item.access_token)).ciphertext
    await world.rows("UPDATE plaid_integrations SET access_token = :token", token=foreign)
    await world.worker.hear(item.item_id, "ERROR", "ITEM")
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("active", "TOKEN_UNSEALABLE")
    assert timedelta(hours=5, minutes=59) < row["due_in"] <= timedelta(hours=6)
    assert "PLAID_ENCRYPTION_KEY" in row["last_sync_error_message"]
    assert foreign not in row["last_sync_error_message"]
    assert world.worker.plaid.watch.calls["transactions_sync"] == 0


async def test_an_answer_that_is_no_page_comes_another_time(world: World) -> None:
    """A page without its fields is Plaid's trouble: on record, tried again, over when it is over."""
    item = await world.link()

    async def garble(name: str, answer: Json) -> Json:
        return {"request_id": answer["request_id"]} if name == "transactions_sync" else answer

    world.worker.plaid.watch.after = garble
    await world.worker.ring(item.id)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"], row["lease_token"]) == ("active", "PLAID_UNREACHABLE", None)
    world.worker.plaid.watch.after = None
    await assert_recovers(world, item)


async def test_what_nobody_foresaw_is_our_crash(world: World) -> None:
    """It fails the message, is on record, stays due, and is over when it is over."""
    item = await world.link()

    async def stumble(_name: str, _request: Json) -> None:
        raise Crash

    world.worker.plaid.watch.before = stumble
    with pytest.raises(Crash):
        await world.worker.ring(item.id)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"], row["lease_token"]) == ("active", "SYNC_CRASHED", None)
    world.worker.plaid.watch.before = None
    await assert_recovers(world, item)


async def test_a_repair_during_the_failing_sync_is_not_forgotten(world: World) -> None:
    """Who repairs the login while a sync is finding it broken does not wait six hours: the next look is soon."""
    item = await world.link()
    await world.bank.break_login(item.access_token)

    async def ring(name: str, _request: Json) -> None:
        if name == "transactions_sync":
            await world.worker.hear(item.item_id)

    world.worker.plaid.watch.before = ring
    await world.worker.ring(item.id)
    row = await world.integration(item)
    assert row["status"] == "login_required"
    assert row["due_in"].total_seconds() <= 30
