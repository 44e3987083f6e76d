"""Audits against a bank that goes on, over rows that were tampered with."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import RowMapping
from structlog.testing import capture_logs

from common.database import Unreachable
from common.events import AuditRequested, SyncRequested
from common.plaid import OverBudget, Priority, Spender, Unmetered
from sync_worker.audit import ATTEMPTS
from sync_worker.domain import audit as domain
from sync_worker.domain.schedule import PUT_OFF_SPREAD
from sync_worker.store import audits
from tests.sync_worker.spoiling import with_one_spoiled
from tests.sync_worker.store.test_audits import claim, killed
from tests.sync_worker.world import Linked, World

Json = dict[str, Any]

ORDER = "INSERT INTO audits (integration_id, heal) VALUES (:id, :heal) RETURNING id"
LOSE = "DELETE FROM plaid_transactions WHERE transaction_id = :one"
BURY = "UPDATE plaid_transactions SET sync_status = 'removed' WHERE transaction_id = :one"
SPOIL = "UPDATE plaid_transactions SET content_hash = 'x' WHERE transaction_id = :one"
INVENT = """
    INSERT INTO plaid_transactions
        (integration_id, account_id, transaction_id, amount, date, name, pending, content_hash)
    SELECT integration_id, coalesce(:account, account_id), :invented, 1, now(), 'INVENTED', false, 'x'
    FROM plaid_transactions WHERE transaction_id = :one
"""
FATE = "SELECT sync_status FROM plaid_transactions WHERE transaction_id = 'invented'"
CLOSED = """
    INSERT INTO plaid_accounts (integration_id, account_id, name, type) VALUES (:id, 'closed', 'Closed', 'depository')
    RETURNING id
"""


async def order(world: World, item: Linked, *, heal: bool = False) -> int:
    """Order an audit as the operators' command does."""
    return int((await world.rows(ORDER, id=item.id, heal=heal))[0]["id"])


async def result(world: World, audit_id: int) -> RowMapping:
    """Return an audit's row."""
    sql = "SELECT *, due_at - now() AS due_in FROM audits WHERE id = :id"
    return (await world.rows(sql, id=audit_id))[0]


async def audited(world: World, item: Linked, *, heal: bool = False) -> RowMapping:
    """Order an audit, carry it out, and return its row."""
    audit_id = await order(world, item, heal=heal)
    await world.worker.audit.on_request(AuditRequested(audit_id=audit_id))
    return await result(world, audit_id)


def counts(row: RowMapping) -> tuple[int, int, int]:
    """Return what an audit found missing, extra and different."""
    return row["missing"], row["extra"], row["different"]


def counted(kind: str) -> float:
    """Return how many differences of a kind this process has found."""
    return REGISTRY.get_sample_value("audit_differences_total", {"kind": kind}) or 0.0


async def test_what_is_equal_is_found_equal(world: World) -> None:
    """After a sync an audit compares every transaction, finds no difference, and touches nothing."""
    item = await world.synced(days=90)
    before = await world.integration(item)
    row = await audited(world, item, heal=True)
    assert (row["compared"], counts(row)) == (len(await world.bank.truth(item.item_id)), (0, 0, 0))
    assert row["finished_at"]
    assert (row["error_code"], row["sample"]) == (None, [])
    after = await world.integration(item)
    assert {name: after[name] for name in ("cursor", "requested_seq", "lease_token", "updated_at", "next_sync_at")} == {
        name: before[name] for name in ("cursor", "requested_seq", "lease_token", "updated_at", "next_sync_at")
    }


async def test_tampering_is_found_and_named(world: World) -> None:
    """A row that was lost, one that was buried, one that was changed and one that was made up: each by its kind."""
    item = await world.synced(days=90)
    lost, buried, spoiled, kept = sorted(await world.transactions(item))[:4]
    for sql, one in ((LOSE, lost), (BURY, buried), (SPOIL, spoiled)):
        await world.rows(sql, one=one)
    await world.rows(INVENT, one=kept, invented="invented", account=None)
    before = {kind: counted(kind) for kind in ("missing", "extra", "different")}
    row = await audited(world, item)
    assert counts(row) == (2, 1, 1)
    assert {(one["transaction_id"], one["kind"]) for one in row["sample"]} == {
        (lost, "missing"), (buried, "missing"), (spoiled, "different"), ("invented", "extra"),
    }  # fmt: skip
    assert {kind: counted(kind) - before[kind] for kind in before} == {"missing": 2, "extra": 1, "different": 1}
    assert (await world.integration(item))["cursor"] is not None


async def test_healing_begins_again(world: World) -> None:
    """Where differences are found and healing is wanted, the next sync is complete, and is asked for at once."""
    item = await world.synced(days=90)
    await world.rows(LOSE, one=min(await world.transactions(item)))
    assert (await audited(world, item, heal=True))["missing"] == 1
    assert (await world.integration(item))["cursor"] is None
    bell = world.worker.events(SyncRequested)[-1]
    assert (bell.integration_id, bell.trigger) == (item.id, "audit")


async def test_a_closed_accounts_rows_are_kept_history(world: World) -> None:
    """Rows of an account that Plaid names no more are not extra."""
    item = await world.synced(days=90)
    account = (await world.rows(CLOSED, id=item.id))[0]["id"]
    await world.rows(INVENT, one=min(await world.transactions(item)), invented="old", account=account)
    assert counts(await audited(world, item)) == (0, 0, 0)


async def test_what_waits_in_quarantine_is_not_missing(world: World) -> None:
    """A transaction that we could not use is counted as quarantined while it waits."""
    item, _ = await with_one_spoiled(world, amount=None)
    row = await audited(world, item)
    assert (row["quarantined"], counts(row)) == (1, (0, 0, 0))


async def disturb(world: World, item: Linked) -> None:
    """Let a transaction come, one change, one go, and one come and go."""
    first, second = sorted(await world.bank.truth(item.item_id))[:2]
    await world.bank.add(item.item_id, amount=8)
    await world.bank.edit(item.item_id, first, amount=77)
    await world.bank.withdraw(item.item_id, second)
    await world.bank.withdraw(item.item_id, *await world.bank.add(item.item_id, amount=9))
    await world.bank.add(item.item_id, amount=10)
    gone = await world.bank.add(item.item_id, amount=11)
    world.worker.plaid.watch.after = withdrawing(world, item, gone)


def withdrawing(world: World, item: Linked, ids: list[str]) -> Callable[[str, Json], Awaitable[Json]]:
    """Return a hook that takes these back once an answer has named them."""

    async def withdraw(_name: str, answer: Json) -> Json:
        await world.bank.withdraw(item.item_id, *ids)
        ids.clear()
        return answer

    return withdraw


@pytest.mark.parametrize("also_we", [False, True], ids=["bank alone", "bank and we"])
async def test_what_happens_in_the_midst_is_no_difference(world: World, *, also_we: bool) -> None:
    """The bank changes around each call that an audit makes, and we sync: what is right is not called wrong."""
    item = await world.synced(days=90)
    other = await world.hire()

    async def meddle(_name: str, _ask: Json) -> None:
        await disturb(world, item)
        if also_we:
            await other.ring(item.id)

    await disturb(world, item)
    audit_id = await order(world, item)
    world.worker.plaid.watch.before = meddle
    await world.worker.audit.on_request(AuditRequested(audit_id=audit_id))
    row = await result(world, audit_id)
    assert (row["error_code"], counts(row)) == (None, (0, 0, 0))
    assert row["compared"] > 200


async def test_nothing_is_compared_before_all_history_is_there(slow_world: World) -> None:
    """While Plaid still reads the bank's history an audit says so, and no more."""
    item = await slow_world.synced(days=90)
    assert (await audited(slow_world, item))["error_code"] == "HISTORY_INCOMPLETE"
    await slow_world.bank.advance(15)
    await slow_world.worker.ring(item.id)
    row = await audited(slow_world, item)
    assert (row["error_code"], row["compared"]) == ("HISTORY_INCOMPLETE", None)


async def test_plaids_refusal_ends_it(world: World) -> None:
    """Plaid's error goes on the audit's record, and nowhere else: the next sync finds it for itself."""
    item = await world.synced(days=90)
    await world.bank.break_login(item.access_token)
    assert (await audited(world, item, heal=True))["error_code"] == "ITEM_LOGIN_REQUIRED"
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("active", None)
    assert row["cursor"]


async def test_what_is_no_longer_connected_is_not_asked_about(world: World) -> None:
    """Without a token there is nobody to ask."""
    item = await world.synced(days=90)
    await world.rows("UPDATE plaid_integrations SET access_token = NULL WHERE id = :id", id=item.id)
    assert (await audited(world, item))["error_code"] == "NOT_CONNECTED"


class Crowded(Unmetered):
    """A budget without room; it keeps who asked."""

    def __init__(self) -> None:
        self.asked: list[Spender] = []

    async def take(self, endpoint: str, spender: Spender, *, from_start: bool) -> None:
        """Refuse."""
        self.asked.append(spender)
        raise OverBudget(endpoint, timedelta(seconds=20))


async def test_without_budget_it_is_put_off(world: World) -> None:
    """Audits are the last in the queue for Plaid's limits; one without room comes back when there is."""
    item = await world.synced(days=90)
    world.worker.plaid._budget = crowded = Crowded()
    row = await audited(world, item)
    assert (row["finished_at"], row["error_code"]) == (None, None)
    assert timedelta(seconds=19) < row["due_in"] <= timedelta(seconds=40) + PUT_OFF_SPREAD
    assert (row["attempts"], row["begun_by"]) == (0, None)
    assert [(one.integration_id, one.priority) for one in crowded.asked] == [(item.id, Priority.BACKFILL)]


async def test_a_crash_of_its_own_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in an audit goes on its record and in the log, traceback and all, and holds no place."""
    item = await world.synced(days=90)

    def crash(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(domain, "compare", crash)
    with capture_logs() as logs:
        row = await audited(world, item)
    assert (row["error_code"], row["compared"], bool(row["finished_at"])) == ("AUDIT_CRASHED", None, True)
    assert [one["exc_info"] for one in logs if one["event"] == "audit.crashed"] == [True]


async def test_what_the_database_cannot_serve_is_tried_again_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of PostgreSQL in the midst is raised, and the worker that holds the message goes on when it is over."""
    item = await world.synced(days=90)
    event = AuditRequested(audit_id=await order(world, item))
    with monkeypatch.context() as patch:
        patch.setattr(domain, "compare", away)
        with pytest.raises(Unreachable):
            await world.worker.audit.on_request(event)
    assert (await result(world, event.audit_id))["finished_at"] is None
    await world.worker.audit.on_request(event)
    row = await result(world, event.audit_id)
    assert (row["error_code"], counts(row)) == (None, (0, 0, 0))


def away(*_: object) -> None:
    """Fail as a lost server does."""
    raise Unreachable("no server")


async def test_what_another_has_in_hand_is_left_to_it(world: World) -> None:
    """A message that comes again while a worker is at it asks Plaid for nothing, and keeps the audit due in an hour."""
    item = await world.synced(days=90)
    audit_id = await order(world, item)
    async with world.worker.database.transaction() as session:
        assert await audits.take(session, audit_id, uuid4())
    asked: list[str] = []

    async def count(name: str, _ask: Json) -> None:
        asked.append(name)

    world.worker.plaid.watch.before = count
    await world.worker.audit.on_request(AuditRequested(audit_id=audit_id))
    row = await result(world, audit_id)
    assert (asked, row["finished_at"], row["attempts"]) == ([], None, 1)
    assert row["due_in"] > timedelta(minutes=59)


async def test_what_kills_its_worker_each_time_is_given_up(world: World) -> None:
    """After three workers that did not come back the fourth ends an audit without a try: others get its place."""
    item = await world.synced(days=90)
    audit_id = await order(world, item)
    for _ in range(ATTEMPTS):
        await killed(world, audit_id)
    assert await claim(world) == [audit_id]
    await world.worker.audit.on_request(AuditRequested(audit_id=audit_id))
    row = await result(world, audit_id)
    assert (row["error_code"], row["compared"]) == ("AUDIT_CRASHED", None)


async def test_the_last_attempt_may_succeed(world: World) -> None:
    """A worker that died by chance, even twice, costs an audit an hour each and not its result."""
    item = await world.synced(days=90)
    audit_id = await order(world, item)
    for _ in range(ATTEMPTS - 1):
        await killed(world, audit_id)
    await world.worker.audit.on_request(AuditRequested(audit_id=audit_id))
    row = await result(world, audit_id)
    assert (row["error_code"], counts(row)) == (None, (0, 0, 0))


async def test_it_is_done_once(world: World) -> None:
    """A request that comes twice, even at once, is counted once and heals once."""
    item = await world.synced(days=90)
    await world.rows(LOSE, one=min(await world.transactions(item)))
    audit_id, before = await order(world, item, heal=True), counted("missing")
    event, workers = AuditRequested(audit_id=audit_id), [world.worker, await world.hire()]
    await asyncio.gather(*(worker.audit.on_request(event) for worker in workers * 2))
    assert counted("missing") - before == 1
    assert [one.trigger for worker in workers for one in worker.events(SyncRequested)] == ["audit"]


async def test_tampering_is_healed_by_the_ordinary_path(world: World) -> None:
    """The sweep asks for the audit, the sync that it asks for mends every difference, and the next audit finds none."""
    item = await world.synced(days=90)
    lost, buried, spoiled, kept = sorted(await world.transactions(item))[:4]
    for sql, one in ((LOSE, lost), (BURY, buried), (SPOIL, spoiled)):
        await world.rows(sql, one=one)
    await world.rows(INVENT, one=kept, invented="invented", account=None)
    await world.rows("UPDATE plaid_integrations SET next_audit_at = now()")
    await world.worker.sweep.once()
    await world.worker.audit.on_request(world.worker.events(AuditRequested)[-1])
    await world.worker.doorbells.on_sweep(world.worker.events(SyncRequested)[-1])
    assert await world.differences(item) == {}
    assert [row["sync_status"] for row in await world.rows(FATE)] == ["removed"]
    row = await audited(world, item)
    assert (row["compared"], counts(row)) == (len(await world.transactions(item)), (0, 0, 0))
